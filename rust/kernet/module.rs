// SPDX-License-Identifier: GPL-2.0

//! Loadable modules and what they register.
//!
//! A module names what it registers as a list of types. kernet registers them when the module is
//! loaded, and unregisters them in reverse order when it is unloaded. No code of the module ever
//! owns a registration, so none can outlive `rmmod`, and teardown always runs in the reverse order
//! of the list.
//!
//! # Load and unload
//!
//! 0. the module's [timers](crate::timer), so that any of its code may arm them;
//! 1. the module-wide state, if a part is a [`state::Registration`];
//! 2. the per-namespace state ([`Module::State`]) in every namespace;
//! 3. the [`Module::Parts`], first to last. A part that fails undoes those before it; the log says
//!    which one and why.
//!
//! Unloading goes the other way. Each part unregisters first, then waits until none of its
//! callbacks can run. If a module cannot be loaded, its timers end first. If RCU still has values of a
//! module to drop, the last step is an `rcu_barrier()`: after it no callback of the module is pending,
//! and its code may be freed.
//!
//! # Examples
//!
//! ```
//! use kernet::{context::Rtnl, netdev::Device, notifier::{self, DeviceEvent, DeviceNotifier}};
//!
//! kernet::module! {
//!     type: Devices,
//!     name: "devices",
//!     authors: ["You"],
//!     description: "Logs what happens to devices",
//!     license: "GPL",
//! }
//!
//! struct Devices;
//!
//! impl kernet::Module for Devices {
//!     type State = ();
//!     type Parts = notifier::Registration<Devices>;
//! }
//!
//! impl DeviceNotifier for Devices {
//!     fn event(_event: DeviceEvent, device: &Device, _rtnl: Rtnl<'_>) {
//!         pr_info!("{}\n", device.name());
//!     }
//! }
//! ```
//!
//! The examples of the other items leave out `kernet::module!` and the module's type, `Example`.

use core::{
    marker::{
        PhantomData,
        PhantomPinned, //
    },
    mem::MaybeUninit, //
};
use kernel::{
    prelude::*,
    time::{
        delay::fsleep,
        Delta, //
    },
    ThisModule, //
};

use crate::{
    bindings,
    netns::{
        self,
        StateId,
        StateRegistration, //
    },
    rcu::module_barrier, //
};

mod part;
pub mod state;

pub use part::Part;

#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what the module consists of",
    note = "`impl kernet::Module for {Self}`, with `type State = ();` and `type Parts = ...;`"
)]
/// What a module consists of (`module_init()`). Declared to the kernel by
/// [`module!`](crate::module!).
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Softirq,
///     timer::{self, Jiffies, Timer},
/// };
/// #
/// # kernet::module! {
/// #     type: Ticking, name: "ticking", authors: ["You"], description: "Ticks", license: "GPL",
/// # }
///
/// /// A module that has a timer, and no state.
/// struct Ticking;
///
/// impl kernet::Module for Ticking {
///     type State = ();
///     type Parts = timer::Registration<Tick>;
/// }
/// #
/// # struct Tick;
/// #
/// # kernet::slot!(Tick: timer::Slot);
///
/// impl Timer for Tick {
///     const FIRST: Option<Jiffies> = Some(Jiffies::from_secs(1));
///
///     fn expired(_softirq: Softirq<'_>) -> Option<Jiffies> {
///         Some(Jiffies::from_secs(1))
///     }
/// }
/// ```
#[doc(alias = "module_init")]
#[doc(alias = "module_exit")]
pub trait Module: Sized + Send + Sync + 'static {
    /// The module's state in each network namespace; `()` for none (`pernet_operations`).
    ///
    /// Callbacks reach it by [`Net::state`](netns::Net::state).
    #[doc(alias = "pernet_operations")]
    type State: netns::NetState;

    /// What the module registers, in this order: a [`Part`] or a tuple of parts.
    type Parts: Part;
}

#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module that is declared to the kernel",
    note = "name here the type that `kernet::module! {{ type: ... }}` names"
)]
/// A [`Module`] that [`module!`](crate::module!) has declared.
///
/// # Safety
///
/// Implemented by [`module!`](crate::module!) only: `state_id` returns a static that no other
/// type's implementation returns.
pub unsafe trait Declared: Module {
    /// Where the identifier of [`Module::State`] is kept while it is registered.
    #[doc(hidden)]
    fn state_id() -> &'static StateId;
}

/// A loaded module: all that it has registered.
///
/// # Invariants
///
/// `parts` are prepared; `state` and `parts` are registered.
#[doc(hidden)]
pub struct Running<M: Declared> {
    state: MaybeUninit<StateRegistration<M>>,
    parts: MaybeUninit<M::Parts>,
    _pin: PhantomPinned,
    _module: PhantomData<M>,
}

impl<M: Declared> Running<M> {
    /// Registers everything that `M` consists of.
    ///
    /// # Errors
    ///
    /// What the part that is not registered has failed with, which the log names.
    ///
    /// # Safety
    ///
    /// - The place that is initialised is dropped before `module` is unloaded: it is (part of) the
    ///   static that `kernel::module!` makes.
    /// - `module` is the module that the code of `M` belongs to.
    pub unsafe fn init(
        module: &'static ThisModule,
        name: &'static CStr,
    ) -> impl PinInit<Self, Error> {
        let init = move |slot: *mut Self| {
            // SAFETY: The place is valid for writes and pinned, and dropped before the module is
            // unloaded, by the caller's promise. `MaybeUninit<T>` has the layout of `T`.
            unsafe {
                let state = (&raw mut (*slot).state).cast::<StateRegistration<M>>();
                let parts = (&raw mut (*slot).parts).cast::<M::Parts>();
                M::Parts::set_up(parts, name)?;
                let result = Self::register(state, parts, module, name);
                if result.is_err() {
                    // What has run of the module, making a state for one, may have left RCU callbacks
                    // behind.
                    module_barrier();
                }
                result
            }
        };
        // INVARIANT: Both are registered if the closure returns `Ok`.
        // SAFETY: The closure initialises all fields, the markers having no content.
        unsafe { pin_init::pin_init_from_closure(init) }
    }

    /// Prepares and registers. If something fails, what may run code of the module by itself ends first.
    ///
    /// # Safety
    ///
    /// As of [`Self::init`], with places for both; the parts were set up.
    unsafe fn register(
        state: *mut StateRegistration<M>,
        parts: *mut M::Parts,
        module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        // SAFETY: By the caller's promise. Each step is undone where a later one fails.
        unsafe {
            M::Parts::prepare(parts, name).inspect_err(|_| M::Parts::shut_down(parts))?;
            if let Err(error) = StateRegistration::<M>::register(state, module, name) {
                M::Parts::shut_down(parts);
                M::Parts::finish(parts);
                return Err(error);
            }
            if let Err(error) = M::Parts::register(parts, module, name) {
                M::Parts::shut_down(parts);
                unreferenced(module);
                StateRegistration::<M>::unregister(state);
                M::Parts::finish(parts);
                return Err(error);
            }
        }
        Ok(())
    }
}

impl<M: Declared> Drop for Running<M> {
    fn drop(&mut self) {
        // SAFETY: Registered, by the type invariants, and dropped once.
        unsafe {
            M::Parts::unregister(self.parts.as_mut_ptr());
            StateRegistration::<M>::unregister(self.state.as_mut_ptr());
            M::Parts::finish(self.parts.as_mut_ptr());
        }
        // What was handed to `call_rcu()` runs code of the module.
        module_barrier();
    }
}

/// Waits for those who have got hold of a module that is being loaded, and will not be: operations that
/// run, dumps and sockets, which the loader does not wait for.
fn unreferenced(module: &'static ThisModule) {
    // One reference is the loader's.
    // SAFETY: The module is valid.
    while unsafe { bindings::module_refcount(module.as_ptr()) } > 1 {
        fsleep(Delta::from_millis(10));
    }
}

/// Whether a module has been loaded, and is not being unloaded.
///
/// # Safety
///
/// `module` is valid.
pub(crate) unsafe fn is_live(module: *const bindings::module) -> bool {
    // SAFETY: By the caller's promise. The loader changes it meanwhile.
    let state = unsafe { core::ptr::read_volatile(&raw const (*module).state) };
    state == kernel::bindings::module_state_MODULE_STATE_LIVE
}

/// Says on the log what could not be registered, and why.
pub(crate) fn failed(name: &CStr, what: core::fmt::Arguments<'_>, error: Error) -> Error {
    pr_err!("{name}: cannot register {what}: {error:?}\n");
    error
}

/// As [`Running::init`], of what a module is for the loader.
///
/// # Safety
///
/// - As [`Running::init`].
/// - `L` is a `Running<M>`, transparently.
#[doc(hidden)]
pub unsafe fn load<M: Declared, L>(
    module: &'static ThisModule,
    name: &'static CStr,
) -> impl PinInit<L, Error> {
    let init = move |slot: *mut L| {
        // SAFETY: By the caller's promise.
        unsafe { crate::error::init_in_place(slot.cast(), Running::<M>::init(module, name)) }
    };
    // SAFETY: The closure initialises what the place consists of, or fails.
    unsafe { pin_init::pin_init_from_closure(init) }
}

/// What [`module!`](crate::module!) names: a module's own names may hide the kernel's.
#[doc(hidden)]
pub mod names {
    pub use ::core;
    pub use ::kernel;
    pub use ::pin_init;
    pub use ::zerocopy;
    pub use kernel::{
        error::Error,
        prelude::module,
        InPlaceModule,
        ModuleMetadata,
        ThisModule, //
    };
    pub use pin_init::PinInit;
}

/// Declares a loadable module: [`kernel::prelude::module!`], with what kernet registers for it
/// (`module_init()`).
///
/// `type` names an implementation of [`Module`](trait@crate::Module). To be used once, in the root of
/// the crate.
///
/// # Aliases
///
/// By an alias the kernel loads the module when somebody asks for what it has:
///
/// | alias | who asks | macro in C |
/// |---|---|---|
/// | `rtnl-link-KIND` | `ip link add type KIND` | `MODULE_ALIAS_RTNL_LINK` |
/// | `net-pf-16-proto-16-family-NAME` | a socket that resolves the generic netlink family | `MODULE_ALIAS_GENL_FAMILY` |
/// | `net-pf-16-proto-NUMBER` | `socket(AF_NETLINK, .., NUMBER)` | `MODULE_ALIAS_NET_PF_PROTO` |
/// | `tcp_NAME` is no alias but the module's name | `setsockopt(TCP_CONGESTION)` by the administrator | |
///
/// # What the loader alone may do
///
/// What registers the module's parts is named in a private scope, where no code of the module's is. Nor
/// does a crate compile in which `::kernel`, `::pin_init`, `::zerocopy` or `::core` is something else:
/// `unsafe` code that their macros make calls what is behind these names.
#[doc(alias = "module_init")]
#[doc(alias = "MODULE_LICENSE")]
#[doc(alias = "MODULE_AUTHOR")]
#[doc(alias = "MODULE_DESCRIPTION")]
#[doc(alias = "MODULE_ALIAS")]
#[doc(alias = "MODULE_ALIAS_RTNL_LINK")]
#[doc(alias = "MODULE_ALIAS_GENL_FAMILY")]
#[doc(alias = "MODULE_ALIAS_NET_PF_PROTO")]
// `crate` is the module's own: that its root is where `module!` stands is what is checked.
#[allow(clippy::crate_in_macro_def)]
#[macro_export]
macro_rules! module {
    (
        type: $type:ty,
        name: $name:literal,
        authors: $authors:tt,
        description: $description:literal,
        license: $license:literal
        $(, alias: $alias:tt)?
        $(, firmware: $firmware:tt)?
        $(, params: $params:tt)?
        $(,)?
    ) => {
        #[doc(hidden)]
        type __KernetModule = $type;

        #[doc(hidden)]
        mod __kernet_module {
            // For the loader: nobody else can name it, nor how it is made.
            #[repr(transparent)]
            struct Loaded($crate::module::Running<super::__KernetModule>);

            impl $crate::module::names::InPlaceModule for Loaded {
                fn init(
                    module: &'static $crate::module::names::ThisModule,
                ) -> impl $crate::module::names::PinInit<Self, $crate::module::names::Error> {
                    let name = <Self as $crate::module::names::ModuleMetadata>::NAME;
                    // SAFETY: `kernel::module!` puts `Self`, which is transparent, into a static of
                    // this module, and drops it when the module is unloaded.
                    unsafe { $crate::module::load::<super::__KernetModule, Self>(module, name) }
                }
            }

            // SAFETY: The static is this implementation's own.
            unsafe impl $crate::module::Declared for super::__KernetModule {
                fn state_id() -> &'static $crate::netns::StateId {
                    static ID: $crate::netns::StateId = $crate::netns::StateId::new();
                    &ID
                }
            }

            $crate::module::names::module! {
                type: Loaded,
                name: $name,
                authors: $authors,
                description: $description,
                license: $license,
                $(alias: $alias,)?
                $(firmware: $firmware,)?
                $(params: $params,)?
            }

            // The statics of `params`, of which the loader has made a private module.
            #[allow(unused_imports)]
            pub(super) mod parameters {
                pub(crate) use super::module_parameters::*;
            }

            $crate::__local_module!();

            // Ambiguous, which does not compile, where the names are not those of the same crates, or this
            // is not in the root, from where macros take `__LOG_PREFIX`.
            #[allow(unused_imports)]
            mod names {
                mod here {
                    pub(super) use crate::__kernet_module;
                    pub(super) use ::{core, kernel, pin_init, zerocopy};
                }
                mod there {
                    pub(super) use super::super::super::__kernet_module;
                    pub(super) use $crate::module::names::{core, kernel, pin_init, zerocopy};
                }
                use self::{here::*, there::*};
                use self::{core::marker as _, kernel::error as _};
                use self::{pin_init::PinInit as _, zerocopy::FromBytes as _};
                use self::__kernet_module::Loaded as _;
            }
        }

        const __LOG_PREFIX: &[u8] = __kernet_module::PREFIX;

        #[doc(hidden)]
        use __kernet_module::Local as LocalModule;

        #[allow(unused_imports)]
        use __kernet_module::parameters as module_parameters;
    };
    ($($given:tt)*) => {
        ::core::compile_error!(
            "`kernet::module!` wants, in this order: `type: Type, name: \"name\", authors: [\"Author\"], \
             description: \"...\", license: \"GPL\"`, and then perhaps `alias: [\"...\"], firmware: [\"...\"], \
             params: { ... }`"
        );
    };
}

/// What macros of the kernel's look for in the root of a module's crate: its name and `THIS_MODULE`,
/// without its initialiser.
#[doc(hidden)]
#[macro_export]
#[cfg(not(linux_7_2))]
macro_rules! __local_module {
    () => {
        pub(super) const PREFIX: &[u8] = __LOG_PREFIX;

        pub struct Local;

        impl $crate::module::names::ModuleMetadata for Local {
            const NAME: &'static $crate::module::names::kernel::str::CStr =
                <Loaded as $crate::module::names::ModuleMetadata>::NAME;

            const THIS_MODULE: $crate::module::names::ThisModule =
                <Loaded as $crate::module::names::ModuleMetadata>::THIS_MODULE;
        }
    };
}

/// As above, on Linux 7.2, where a module's metadata has no `THIS_MODULE`.
#[doc(hidden)]
#[macro_export]
#[cfg(linux_7_2)]
macro_rules! __local_module {
    () => {
        pub(super) const PREFIX: &[u8] = __LOG_PREFIX;

        pub struct Local;

        impl $crate::module::names::ModuleMetadata for Local {
            const NAME: &'static $crate::module::names::kernel::str::CStr =
                <Loaded as $crate::module::names::ModuleMetadata>::NAME;
        }
    };
}
