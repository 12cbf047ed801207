// SPDX-License-Identifier: GPL-2.0

//! Running a program: what one poll does with frames.

use core::{
    mem::MaybeUninit,
    ptr::{
        self,
        NonNull, //
    },
    slice, //
};
use kernel::prelude::*;

use super::{
    buff::Buff,
    exists,
    Frame,
    Frames,
    Program,
    Receive, //
    XdpTotals,
};
use crate::{
    bindings,
    context::{
        Napi,
        Softirq, //
    },
    netdev::{
        Driver,
        DriverDevice, //
    },
    page_pool::PagePool,
    skb::{
        DropReason,
        RxSkb,
        Skb, //
    },
};

/// How many frames are sent, or become packets, at a time.
const BULK: usize = 16;

/// Frames that wait.
///
/// # Invariants
///
/// The first `count` places are initialised with frames that this owns.
struct Bulk {
    frames: [MaybeUninit<*mut bindings::xdp_frame>; BULK],
    count: usize,
}

impl Bulk {
    #[inline(always)]
    fn new() -> Self {
        // INVARIANT: None.
        Self {
            frames: [const { MaybeUninit::uninit() }; BULK],
            count: 0,
        }
    }

    /// Adds a frame, for which there is room after [`Self::take`] and until this says that there is
    /// none for another one.
    #[inline(always)]
    fn push(&mut self, frame: Frame) -> bool {
        if let Some(place) = self.frames.get_mut(self.count) {
            place.write(frame.into_raw());
            // INVARIANT: One more.
            self.count += 1;
        }
        self.count == BULK
    }

    /// The frames, which are no longer this value's.
    #[inline(always)]
    fn take(&mut self) -> &mut [*mut bindings::xdp_frame] {
        // INVARIANT: None.
        let count = core::mem::take(&mut self.count);
        // SAFETY: As many are initialised, by the type invariants.
        unsafe { slice::from_raw_parts_mut(self.frames.as_mut_ptr().cast(), count) }
    }
}

/// Frees frames.
///
/// # Safety
///
/// They are the caller's, who does not use them afterwards.
unsafe fn return_all(frames: &[*mut bindings::xdp_frame]) {
    for frame in frames {
        // SAFETY: By the caller's promise.
        drop(unsafe { Frame::from_raw(NonNull::new_unchecked(*frame)) });
    }
}

/// The number of them, as C has it.
fn as_int(count: usize) -> c_int {
    c_int::try_from(count).unwrap_or(c_int::MAX)
}

/// What one poll of a queue does with frames. [`Self::finish`] has to follow.
pub(crate) struct Run<'a, D: Driver> {
    dev: &'a DriverDevice<D>,
    receive: &'a Receive,
    napi: *mut bindings::napi_struct,
    context: Napi<'a>,
    passed: Bulk,
    back: Bulk,
    /// Whether any was put into `back`.
    sends_back: bool,
    counted: XdpTotals,
}

impl<'a, D: Driver> Run<'a, D> {
    /// # Safety
    ///
    /// `napi` is that of the poll that runs, of the queue that `receive` belongs to, whose device is
    /// `dev`. [`Self::finish`] is called before it ends.
    #[inline(always)]
    pub(crate) unsafe fn new(
        dev: &'a DriverDevice<D>,
        receive: &'a Receive,
        napi: *mut bindings::napi_struct,
        context: Napi<'a>,
    ) -> Self {
        if exists::<D>() {
            // Frames may be of pools that are polled elsewhere.
            // SAFETY: The core has set up a context for programs around each poll.
            unsafe { bindings::xdp_set_return_frame_no_direct() };
        }
        Self {
            dev,
            receive,
            napi,
            context,
            passed: Bulk::new(),
            back: Bulk::new(),
            sends_back: false,
            counted: XdpTotals::default(),
        }
    }

    #[inline(always)]
    fn softirq(&self) -> Softirq<'a> {
        self.context.softirq()
    }

    /// Whether there is a program that is to see what is received.
    #[inline(always)]
    pub(crate) fn has_program(&self) -> bool {
        exists::<D>() && self.dev.xdp_program(self.context).is_some()
    }

    /// A packet, which goes up if the program, if there is one, passes it.
    #[inline(always)]
    pub(crate) fn receive(&mut self, received: RxSkb) {
        let passed = if exists::<D>() {
            match self.dev.xdp_program(self.context) {
                None => Some(received),
                Some(program) => self.run_skb(program, received),
            }
        } else {
            Some(received)
        };
        if let Some(received) = passed {
            let skb = received.into_raw();
            // SAFETY: The packet is ours, and is what `eth_type_trans()` makes; it becomes one of
            // this device, which is alive, and is taken over by the NAPI of this poll.
            unsafe {
                bindings::skb_set_dev(skb, self.dev.as_raw());
                bindings::napi_receive(self.napi, skb);
            }
        }
    }

    /// A frame that was redirected to the other side. What the program passes goes up.
    pub(crate) fn frame(&mut self, frame: Frame) {
        let passed = match self.dev.xdp_program(self.context) {
            Some(program) if exists::<D>() => self.run_frame(program, frame),
            _ => Some(frame),
        };
        if let Some(frame) = passed {
            if self.passed.push(frame) {
                self.netif_rx();
            }
        }
    }

    /// Does what is left to do. What was counted.
    #[inline(always)]
    pub(crate) fn finish(mut self) -> XdpTotals {
        if self.passed.count != 0 {
            self.netif_rx();
        }
        if exists::<D>() {
            if self.counted.redirected != 0 {
                // SAFETY: In the poll that has redirected.
                unsafe { bindings::xdp_do_flush() };
            }
            if self.sends_back {
                self.send_back();
                D::xdp_flush(self.dev, self.softirq());
            }
            // SAFETY: Set in `new`.
            unsafe { bindings::xdp_clear_return_frame_no_direct() };
        }
        self.counted
    }

    fn run_skb(&mut self, program: &Program, received: RxSkb) -> Option<RxSkb> {
        let (skb, of_pool) = self.private_page(received)?;
        let skb = skb.into_raw();
        let rxq = self.receive.info();
        // SAFETY: The packet is ours.
        let mut buff = unsafe { Buff::of_skb(skb) };
        // SAFETY: The packet is ours, its head a page fragment, and the queue is registered. Helpers
        // by which a program shortens the buffer free fragments as their type of memory says. A hint
        // looks at the packet's device.
        unsafe {
            bindings::skb_set_dev(skb, self.dev.as_raw());
            bindings::xdp_prepare_buff_of_skb(&raw mut buff.xdp, skb, rxq);
            if bindings::skb_nr_frags(skb) != 0 {
                bindings::xdp_buff_take_frags(&raw mut buff.xdp, skb);
            }
            bindings::xdp_rxq_set_mem_type(
                rxq,
                if of_pool {
                    bindings::xdp_mem_type_MEM_TYPE_PAGE_POOL
                } else {
                    bindings::xdp_mem_type_MEM_TYPE_PAGE_SHARED
                },
            );
        }
        // SAFETY: A buffer with its queue; a poll is a context for programs.
        let verdict = unsafe { buff.run(program) };
        match verdict {
            bindings::xdp_action_XDP_PASS => {
                // SAFETY: The buffer is the packet's, as the program has left it, which keeps room
                // for an Ethernet header.
                return Some(unsafe { Self::passed_skb(self.dev, skb, &buff.xdp) });
            }
            bindings::xdp_action_XDP_TX | bindings::xdp_action_XDP_REDIRECT => {
                // SAFETY: As above. The buffer gets references of its own, as its type of memory
                // counts them, so that the packet around it can go. One that is not of a pool has no
                // fragments.
                unsafe {
                    if of_pool {
                        bindings::xdp_buff_get_page_pool_head(&raw const buff.xdp);
                        if bindings::xdp_buff_has_frags(&raw const buff.xdp) {
                            for frag in 0..bindings::xdp_buff_nr_frags(&raw const buff.xdp) {
                                bindings::xdp_buff_get_page_pool_frag(&raw const buff.xdp, frag);
                            }
                        }
                    } else {
                        bindings::xdp_buff_get_head(&raw const buff.xdp);
                    }
                    bindings::consume_skb(skb);
                }
                if self.take(program, &mut buff.xdp, verdict).is_err() {
                    self.counted.lost += 1;
                    // SAFETY: The buffer is still ours.
                    unsafe { bindings::xdp_return_buff(&raw mut buff.xdp) };
                }
            }
            _ => {
                self.counted.xdp_drop += 1;
                if verdict != bindings::xdp_action_XDP_DROP {
                    self.complain(program, verdict);
                }
                // SAFETY: The packet is ours.
                unsafe { Skb::from_raw(NonNull::new_unchecked(skb)) }
                    .drop_with(DropReason::XDP, self.context);
            }
        }
        None
    }

    /// The frame of a packet in memory that a program may change: a page fragment that nobody
    /// shares, with headroom; and whether that, and all of its fragments, are of a page pool.
    fn private_page(&mut self, received: RxSkb) -> Option<(Skb<'static>, bool)> {
        let frame = received.into_frame();
        let (headroom, nonlinear) = (frame.headroom(), frame.is_nonlinear());
        let mut skb = frame.into_raw();
        let pool = self
            .receive
            .pool()
            .map_or(ptr::null_mut(), PagePool::as_raw);
        // SAFETY: The packet is ours. The pool is this queue's, which has one as programs may run,
        // and this its poll.
        unsafe {
            bindings::skb_prepare_for_gro(skb);
            let fits = !bindings::skb_shared(skb)
                && !bindings::skb_head_is_locked(skb)
                && !nonlinear
                && headroom >= bindings::XDP_PACKET_HEADROOM;
            let usable = fits
                || bindings::skb_pp_cow_data(pool, &raw mut skb, bindings::XDP_PACKET_HEADROOM)
                    == 0;
            if usable {
                // A copy is.
                let of_pool = !fits || bindings::skb_head_is_page_pool(skb);
                return Some((Skb::from_raw(NonNull::new_unchecked(skb)), of_pool));
            }
            let skb = Skb::from_raw(NonNull::new_unchecked(skb));
            self.counted.lost += 1;
            skb.drop_with(DropReason::NOMEM, self.context);
            None
        }
    }

    /// Makes a packet what its program has left of it.
    ///
    /// # Safety
    ///
    /// The packet is the caller's, who gives it away. `buff` is its buffer, with room for an Ethernet
    /// header still.
    unsafe fn passed_skb(
        dev: &DriverDevice<D>,
        skb: *mut bindings::sk_buff,
        buff: &bindings::xdp_buff,
    ) -> RxSkb {
        let meta = buff.data.addr().saturating_sub(buff.data_meta.addr());
        let linear = buff.data_end.addr().wrapping_sub(buff.data.addr());
        // SAFETY: By the caller's promise. The program has moved either end within the buffer, and
        // has taken off or changed fragments.
        unsafe {
            (*skb).data_len = if bindings::xdp_buff_has_frags(buff) {
                bindings::skb_xdp_frags_size(skb)
            } else {
                0
            };
            (*skb).data = buff.data.cast();
            (*skb).len = (linear as c_uint).wrapping_add((*skb).data_len);
            bindings::skb_set_tail_pointer(skb, linear as c_int);
            bindings::skb_reset_mac_header(skb);
            let protocol = bindings::eth_type_trans(skb, dev.as_raw());
            bindings::skb_set_protocol(skb, protocol);
            if meta != 0 {
                bindings::skb_metadata_set(skb, meta as u8);
            }
            // INVARIANT: `eth_type_trans()` has run.
            RxSkb::from_raw(NonNull::new_unchecked(skb))
        }
    }

    fn run_frame(&mut self, program: &Program, frame: Frame) -> Option<Frame> {
        let raw = frame.into_raw();
        let rxq = self.receive.info();
        let mut buff = Buff::of_frame();
        // SAFETY: The frame is ours; the queue is registered. Its type of memory is the frame's while
        // the program runs, and until the frame is gone.
        unsafe {
            bindings::xdp_convert_frame_to_buff(raw, &raw mut buff.xdp);
            bindings::xdp_rxq_set_mem_type(rxq, bindings::xdp_frame_mem_type(raw));
        }
        buff.xdp.rxq = rxq;
        // SAFETY: A buffer with its queue; a poll is a context for programs.
        let verdict = unsafe { buff.run(program) };
        match verdict {
            bindings::xdp_action_XDP_PASS => {
                // SAFETY: The buffer is the frame's, as the program has left it.
                let fits =
                    unsafe { bindings::xdp_update_frame_from_buff(&raw const buff.xdp, raw) };
                // SAFETY: The frame is ours still.
                let frame = unsafe { Frame::from_raw(NonNull::new_unchecked(raw)) };
                if fits == 0 {
                    return Some(frame);
                }
                self.counted.lost += 1;
            }
            bindings::xdp_action_XDP_TX | bindings::xdp_action_XDP_REDIRECT => {
                // What describes the frame lies in its headroom, which is overwritten next.
                // SAFETY: Valid still.
                let mut before = unsafe { ptr::read(raw) };
                if self.take(program, &mut buff.xdp, verdict).is_err() {
                    self.counted.lost += 1;
                    // SAFETY: The frame's memory is ours still, and is as described before.
                    unsafe { bindings::xdp_return_frame(&raw mut before) };
                }
            }
            _ => {
                self.counted.xdp_drop += 1;
                if verdict != bindings::xdp_action_XDP_DROP {
                    self.complain(program, verdict);
                }
                // SAFETY: The frame is ours still.
                drop(unsafe { Frame::from_raw(NonNull::new_unchecked(raw)) });
            }
        }
        None
    }

    /// Sends a buffer back or redirects it.
    ///
    /// # Errors
    ///
    /// It is still the caller's.
    fn take(
        &mut self,
        program: &Program,
        buff: &mut bindings::xdp_buff,
        verdict: u32,
    ) -> Result<(), ()> {
        let dev = self.dev.as_raw();
        if verdict == bindings::xdp_action_XDP_REDIRECT {
            // SAFETY: The program has just run on the buffer, which the callee takes over if it
            // succeeds; the core sees to the tracepoint otherwise.
            if unsafe { bindings::xdp_do_redirect(dev, buff, program.as_raw()) } != 0 {
                return Err(());
            }
            self.counted.redirected += 1;
            return Ok(());
        }
        // SAFETY: The buffer is ours and has a queue.
        let frame = unsafe { bindings::xdp_convert_buff_to_frame(buff) };
        let Some(frame) = NonNull::new(frame) else {
            // SAFETY: Both are valid.
            unsafe { bindings::trace_xdp_exception(dev, program.as_raw(), verdict) };
            return Err(());
        };
        self.sends_back = true;
        // SAFETY: Just made of the buffer, whose memory is the frame's from here on.
        if self.back.push(unsafe { Frame::from_raw(frame) }) {
            self.send_back();
        }
        Ok(())
    }

    /// Says that a program has aborted, or has given an answer that there is not.
    #[cold]
    fn complain(&self, program: &Program, verdict: u32) {
        let (dev, program) = (self.dev.as_raw(), program.as_raw());
        // SAFETY: The device and the program are valid.
        unsafe {
            if verdict != bindings::xdp_action_XDP_ABORTED {
                bindings::bpf_warn_invalid_xdp_action(dev, program, verdict);
            }
            bindings::trace_xdp_exception(dev, program, verdict);
        }
    }

    /// Sends back the frames that wait for it.
    fn send_back(&mut self) {
        let softirq = self.softirq();
        let waiting = self.back.take();
        let count = waiting.len();
        // SAFETY: The frames are ours; those that are not sent are returned below.
        let mut frames = unsafe { Frames::new(waiting, false) };
        let result = D::xdp_transmit(self.dev, &mut frames, softirq);
        let sent = frames.sent();
        // SAFETY: Not sent, hence ours still.
        unsafe { return_all(waiting.get(sent..).unwrap_or(&[])) };
        let lost = count.saturating_sub(sent);
        let errno = result.map_or_else(|e| e.to_errno(), |()| 0);
        // SAFETY: Valid by the type.
        unsafe {
            bindings::trace_xdp_bulk_tx(self.dev.as_raw(), as_int(sent), as_int(lost), errno)
        };
        self.counted.sent_back += sent as u64;
        self.counted.sent_back_errors += lost as u64;
    }

    /// Makes packets of the frames that were passed, and passes them up.
    fn netif_rx(&mut self) {
        let waiting = self.passed.take();
        let mut heads = [ptr::null_mut::<c_void>(); BULK];
        // SAFETY: There is room for as many; bottom halves are off.
        let got = unsafe {
            bindings::napi_skb_cache_get_bulk(heads.as_mut_ptr(), as_int(waiting.len()) as u32)
        };
        let got = waiting.len().min(got as usize);
        let (with_head, without) = waiting.split_at(got);
        for (frame, head) in with_head.iter().zip(heads) {
            // SAFETY: The frame is ours, and becomes the packet's; the head is new. The device and
            // its NAPI are those of the poll that runs.
            unsafe {
                let skb =
                    bindings::__xdp_build_skb_from_frame(*frame, head.cast(), self.dev.as_raw());
                if skb.is_null() {
                    return_all(slice::from_ref(frame));
                    self.counted.lost += 1;
                } else {
                    bindings::napi_receive(self.napi, skb);
                }
            }
        }
        self.counted.lost += without.len() as u64;
        // SAFETY: They are ours still.
        unsafe { return_all(without) };
    }
}
