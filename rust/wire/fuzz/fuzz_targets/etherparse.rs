// SPDX-License-Identifier: GPL-2.0

//! What etherparse, which others wrote, reads in a header is what is read here.

#![no_main]

use core::net::{
    Ipv4Addr,
    Ipv6Addr, //
};

use etherparse::{
    Ethernet2HeaderSlice,
    Ipv4HeaderSlice,
    Ipv6HeaderSlice,
    SingleVlanHeaderSlice,
    TcpHeaderSlice,
    TcpSlice,
    UdpHeaderSlice,
    UdpSlice, //
};
use kernet_wire::{
    ethernet,
    ipv4,
    ipv6,
    tcp,
    udp,
    vlan, //
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let (Ok((ours, _)), Ok(theirs)) = (
        ethernet::parse(bytes),
        Ethernet2HeaderSlice::from_slice(bytes),
    ) {
        assert_eq!(ours.destination().octets(), theirs.destination());
        assert_eq!(ours.source().octets(), theirs.source());
        assert_eq!(ours.ethertype().0, theirs.ether_type().0);
    }
    if let (Ok((ours, _)), Ok(theirs)) =
        (vlan::parse(bytes), SingleVlanHeaderSlice::from_slice(bytes))
    {
        assert_eq!(ours.tci().id(), theirs.vlan_identifier().value());
        assert_eq!(ours.tci().priority(), theirs.priority_code_point().value());
        assert_eq!(ours.tci().drop_eligible(), theirs.drop_eligible_indicator());
        assert_eq!(ours.ethertype().0, theirs.ether_type().0);
    }
    ip4(bytes);
    if let (Ok((ours, _)), Ok(theirs)) = (ipv6::parse(bytes), Ipv6HeaderSlice::from_slice(bytes)) {
        assert_eq!(ours.traffic_class(), theirs.traffic_class());
        assert_eq!(ours.flow_label(), theirs.flow_label().value());
        assert_eq!(ours.payload_len(), theirs.payload_length());
        assert_eq!(ours.next_header().0, theirs.next_header().0);
        assert_eq!(ours.hop_limit(), theirs.hop_limit());
        assert_eq!(ours.source(), theirs.source_addr());
        assert_eq!(ours.destination(), theirs.destination_addr());
    }
    if let (Ok((ours, _)), Ok(theirs)) = (udp::parse(bytes), UdpHeaderSlice::from_slice(bytes)) {
        assert_eq!(
            (ours.source(), ours.destination()),
            (theirs.source_port(), theirs.destination_port())
        );
        assert_eq!(
            (ours.len(), ours.checksum()),
            (theirs.length(), theirs.checksum())
        );
    }
    tcp4(bytes);
    sums(bytes);
});

fn ip4(bytes: &[u8]) {
    let (Ok((ours, options, _)), Ok(theirs)) =
        (ipv4::parse(bytes), Ipv4HeaderSlice::from_slice(bytes))
    else {
        // Both know what is no header at all.
        return;
    };
    assert_eq!(usize::from(ours.header_len()), theirs.slice().len());
    assert_eq!(options, theirs.options());
    assert_eq!(
        (ours.dscp(), ours.ecn().bits()),
        (theirs.dcp().value(), theirs.ecn().value())
    );
    assert_eq!(ours.total_len(), theirs.total_len());
    assert_eq!(ours.identification(), theirs.identification());
    assert_eq!(ours.dont_fragment(), theirs.dont_fragment());
    assert_eq!(ours.more_fragments(), theirs.more_fragments());
    assert_eq!(
        ours.fragment_offset(),
        theirs.fragments_offset().byte_offset()
    );
    assert_eq!(
        (ours.ttl(), ours.protocol().0),
        (theirs.ttl(), theirs.protocol().0)
    );
    assert_eq!(
        (ours.source(), ours.destination()),
        (theirs.source_addr(), theirs.destination_addr())
    );
    let right = theirs.to_header().calc_header_checksum();
    let mut copy = *ours;
    copy.fill_checksum(options);
    // The reserved flag is no field of theirs.
    if bytes[6] & 0x80 == 0 {
        assert_eq!(copy.checksum(), right);
    }
}

fn tcp4(bytes: &[u8]) {
    let (Ok((ours, options, _)), Ok(theirs)) =
        (tcp::parse(bytes), TcpHeaderSlice::from_slice(bytes))
    else {
        assert_eq!(
            tcp::parse(bytes).is_ok(),
            TcpHeaderSlice::from_slice(bytes).is_ok()
        );
        return;
    };
    assert_eq!(
        (ours.source(), ours.destination()),
        (theirs.source_port(), theirs.destination_port())
    );
    assert_eq!(ours.sequence(), theirs.sequence_number());
    assert_eq!(ours.acknowledgement(), theirs.acknowledgment_number());
    assert_eq!(options, theirs.options());
    for (flag, set) in [
        (tcp::Flags::FIN, theirs.fin()),
        (tcp::Flags::SYN, theirs.syn()),
        (tcp::Flags::RST, theirs.rst()),
        (tcp::Flags::PSH, theirs.psh()),
        (tcp::Flags::ACK, theirs.ack()),
        (tcp::Flags::URG, theirs.urg()),
    ] {
        assert_eq!(ours.flags().contains(flag), set);
    }
    assert_eq!(
        (ours.window(), ours.checksum(), ours.urgent()),
        (
            theirs.window_size(),
            theirs.checksum(),
            theirs.urgent_pointer()
        )
    );
}

/// Checksums over pseudo headers.
fn sums(bytes: &[u8]) {
    use kernet_wire::checksum::Pseudo;

    let Some((from, rest)) = bytes.split_first_chunk::<16>() else {
        return;
    };
    let Some((to, rest)) = rest.split_first_chunk::<16>() else {
        return;
    };
    let v4 = |bytes: &[u8; 16]| [bytes[0], bytes[1], bytes[2], bytes[3]];
    let pseudo4 = Pseudo::v4(Ipv4Addr::from(v4(from)), Ipv4Addr::from(v4(to)));
    let pseudo6 = Pseudo::v6(Ipv6Addr::from(*from), Ipv6Addr::from(*to));
    if let Ok(theirs) = TcpSlice::from_slice(rest) {
        for (pseudo, right) in [
            (pseudo4, theirs.calc_checksum_ipv4(v4(from), v4(to))),
            (pseudo6, theirs.calc_checksum_ipv6(*from, *to)),
        ] {
            let mut copy = rest.to_vec();
            assert_eq!(tcp::fill_checksum(pseudo, &mut copy), Ok(()));
            assert_eq!(
                tcp::parse(&copy).map(|(header, ..)| header.checksum()).ok(),
                right.ok()
            );
        }
    }
    if let (Ok((ours, payload)), Ok(theirs)) = (udp::parse(rest), UdpSlice::from_slice(rest)) {
        assert_eq!(payload, theirs.payload());
        let right = theirs
            .to_header()
            .calc_checksum_ipv4_raw(v4(from), v4(to), payload);
        let mut copy = rest.to_vec();
        assert_eq!(udp::fill_checksum(pseudo4, &mut copy), Ok(()));
        assert_eq!(
            udp::parse(&copy).map(|(header, _)| header.checksum()).ok(),
            right.ok()
        );
        assert_eq!(ours.len(), theirs.length());
    }
}
