// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
// Made by scripts/ynl-gen-rust from Documentation/netlink/specs/firewall.yaml. Do not edit.

//! Packet filter rules of a network namespace.
//!
//! Generic netlink family `firewall`.

#![allow(dead_code, unused_imports)]

use core::marker::PhantomData;
use kernel::prelude::*;
use kernet::{
    context::Process,
    genl,
    nlattr::{
        Attr,
        Attrs,
        Be,
        Bitfield32,
        Enum,
        Nest,
        Policies,
        Policy,
        Range,
        SignedRange,
        Table,
        Value,
        View,
        Writer, //
    }, //
};

kernet::netlink_enum! {
    /// Where a rule looks at packets.
    pub(crate) enum Chain {
        /// Packets to this host.
        Input = 0,
        /// Packets to other hosts.
        Forward = 1,
        /// Packets from this host.
        Output = 2,
    }
}

kernet::netlink_enum! {
    /// `action` of the specification.
    pub(crate) enum Action {
        /// Let the packet go on.
        Accept = 0,
        /// Drop it; a sender of this host gets EPERM.
        Drop = 1,
        /// Drop it, and tell the sender, as reject-with says.
        Reject = 2,
    }
}

kernet::netlink_enum! {
    /// What the sender of a rejected packet is told.
    pub(crate) enum RejectWith {
        /// By ICMP or ICMPv6, that nobody listens at the port.
        PortUnreachable = 0,
        /// By TCP, that the connection is refused. Needs the protocol TCP.
        TcpReset = 1,
        /// That there is no way to the network (ICMP's net-unreachable).
        NoRoute = 2,
        /// That there is no way to the host (ICMPv6's addr-unreachable).
        HostUnreachable = 3,
        /// That rules forbid it.
        AdminProhibited = 4,
        /// That the host does not know the protocol. Needs the family ipv4.
        ProtUnreachable = 5,
        /// That rules forbid the network. Needs the family ipv4.
        NetProhibited = 6,
        /// That rules forbid the host. Needs the family ipv4.
        HostProhibited = 7,
        /// That rules forbid the source address. Needs the family ipv6.
        PolicyFail = 8,
        /// That the route is one that rejects. Needs the family ipv6.
        RejectRoute = 9,
    }
}

kernet::netlink_enum! {
    /// `family` of the specification.
    pub(crate) enum Family {
        /// `ipv4`.
        Ipv4 = 0,
        /// `ipv6`.
        Ipv6 = 1,
    }
}

kernet::netlink_flags! {
    /// How packets belong to connections.
    pub(crate) struct State {
        /// Of a connection without an answer so far.
        const NEW = 0x1;
        /// Of a connection that has had packets in both directions.
        const ESTABLISHED = 0x2;
        /// Begins a connection that another one has announced, or is an ICMP error about a connection.
        const RELATED = 0x4;
        /// Of no connection, and cannot begin one.
        const INVALID = 0x8;
        /// Of none because a rule says so, or as it is discovery of ICMPv6.
        const UNTRACKED = 0x10;
    }
}

kernet::netlink_flags! {
    /// Control bits of a TCP header.
    pub(crate) struct TcpFlag {
        /// `fin`.
        const FIN = 0x1;
        /// `syn`.
        const SYN = 0x2;
        /// `rst`.
        const RST = 0x4;
        /// `psh`.
        const PSH = 0x8;
        /// `ack`.
        const ACK = 0x10;
        /// `urg`.
        const URG = 0x20;
        /// `ece`.
        const ECE = 0x40;
        /// `cwr`.
        const CWR = 0x80;
    }
}

/// The types of the attributes, by their sets.
pub(crate) mod attr {
    /// All that a rule names has to match.
    pub(crate) mod rule {
        pub(crate) const ID: u16 = 1;
        pub(crate) const PRIORITY: u16 = 2;
        pub(crate) const CHAIN: u16 = 3;
        pub(crate) const ACTION: u16 = 4;
        pub(crate) const FAMILY: u16 = 5;
        pub(crate) const PROTOCOL: u16 = 6;
        pub(crate) const SOURCE: u16 = 7;
        pub(crate) const SOURCE_PREFIX_LEN: u16 = 8;
        pub(crate) const DESTINATION: u16 = 9;
        pub(crate) const DESTINATION_PREFIX_LEN: u16 = 10;
        pub(crate) const SOURCE_PORT_MIN: u16 = 11;
        pub(crate) const SOURCE_PORT_MAX: u16 = 12;
        pub(crate) const DESTINATION_PORT_MIN: u16 = 13;
        pub(crate) const DESTINATION_PORT_MAX: u16 = 14;
        pub(crate) const PACKETS: u16 = 15;
        pub(crate) const BYTES: u16 = 16;
        pub(crate) const STATE: u16 = 17;
        pub(crate) const ICMP_TYPE: u16 = 18;
        pub(crate) const ICMP_CODE: u16 = 19;
        pub(crate) const TCP_FLAGS: u16 = 20;
        pub(crate) const TCP_FLAGS_MASK: u16 = 21;
        pub(crate) const REJECT_WITH: u16 = 22;
        pub(crate) const LENGTH_MIN: u16 = 23;
        pub(crate) const LENGTH_MAX: u16 = 24;
        pub(crate) const HOP_LIMIT_MIN: u16 = 25;
        pub(crate) const HOP_LIMIT_MAX: u16 = 26;
        pub(crate) const DSCP: u16 = 27;
        pub(crate) const MARK: u16 = 28;
        pub(crate) const MARK_MASK: u16 = 29;
        pub(crate) const SET_MARK: u16 = 30;
        pub(crate) const SET_MARK_MASK: u16 = 31;
    }

    /// Of `firewall`.
    pub(crate) mod firewall {
        pub(crate) const RULE: u16 = 1;
        pub(crate) const ID: u16 = 2;
        pub(crate) const COUNT: u16 = 3;
        pub(crate) const ACCEPTED: u16 = 4;
        pub(crate) const DROPPED: u16 = 5;
        pub(crate) const MALFORMED: u16 = 6;
        pub(crate) const BEFORE: u16 = 7;
        pub(crate) const RULES: u16 = 8;
        pub(crate) const COMPARISONS: u16 = 9;
        pub(crate) const KEPT: u16 = 10;
    }
}

/// What requests may hold.
mod policy {
    use super::*;

    pub(super) static RULE: Table<32> = Table::for_family(&[
        (super::attr::rule::ID, Policy::U32.min(1)),
        (super::attr::rule::PRIORITY, Policy::U32),
        (super::attr::rule::CHAIN, Policy::U8.max(2)),
        (super::attr::rule::ACTION, Policy::U8.max(2)),
        (super::attr::rule::FAMILY, Policy::U8.max(1)),
        (super::attr::rule::PROTOCOL, Policy::U8),
        (super::attr::rule::SOURCE, Policy::max_len(16)),
        (super::attr::rule::SOURCE_PREFIX_LEN, Policy::U8.max(128)),
        (super::attr::rule::DESTINATION, Policy::max_len(16)),
        (
            super::attr::rule::DESTINATION_PREFIX_LEN,
            Policy::U8.max(128),
        ),
        (super::attr::rule::SOURCE_PORT_MIN, Policy::U16),
        (super::attr::rule::SOURCE_PORT_MAX, Policy::U16),
        (super::attr::rule::DESTINATION_PORT_MIN, Policy::U16),
        (super::attr::rule::DESTINATION_PORT_MAX, Policy::U16),
        (super::attr::rule::PACKETS, Policy::UINT),
        (super::attr::rule::BYTES, Policy::UINT),
        (super::attr::rule::STATE, Policy::U8.mask(0x1f)),
        (super::attr::rule::ICMP_TYPE, Policy::U8),
        (super::attr::rule::ICMP_CODE, Policy::U8),
        (super::attr::rule::TCP_FLAGS, Policy::U8.mask(0xff)),
        (super::attr::rule::TCP_FLAGS_MASK, Policy::U8.mask(0xff)),
        (super::attr::rule::REJECT_WITH, Policy::U8.max(9)),
        (super::attr::rule::LENGTH_MIN, Policy::U32),
        (super::attr::rule::LENGTH_MAX, Policy::U32),
        (super::attr::rule::HOP_LIMIT_MIN, Policy::U8),
        (super::attr::rule::HOP_LIMIT_MAX, Policy::U8),
        (super::attr::rule::DSCP, Policy::U8.max(63)),
        (super::attr::rule::MARK, Policy::U32),
        (super::attr::rule::MARK_MASK, Policy::U32),
        (super::attr::rule::SET_MARK, Policy::U32),
        (super::attr::rule::SET_MARK_MASK, Policy::U32),
    ]);

    pub(super) static OP_RULE_ADD: Table<8> = Table::for_family(&[
        (super::attr::firewall::RULE, Policy::nested(RULE.policies())),
        (super::attr::firewall::BEFORE, Policy::U32.min(1)),
    ]);

    pub(super) static OP_RULE_DEL: Table<3> =
        Table::for_family(&[(super::attr::firewall::ID, Policy::U32.min(1))]);

    pub(super) static OP_RULE_REPLACE: Table<9> = Table::for_family(&[(
        super::attr::firewall::RULES,
        Policy::nested(RULE.policies()),
    )]);

    pub(super) static OP_TRANSACTION_CHECK: Table<4> =
        Table::for_family(&[(super::attr::firewall::COUNT, Policy::U32)]);
}

/// What is nested in requests.
pub(crate) mod view {
    use super::*;

    /// Attributes of `rule`.
    #[derive(Clone, Copy)]
    pub(crate) struct Rule<'a>(pub(super) Nest<'a, 32>);

    impl<'a> Rule<'a> {
        /// The attributes, by type.
        pub(crate) fn attrs(&self) -> Attrs<'_> {
            self.0.attrs()
        }

        /// Identifies the rule; chosen by the kernel if absent from a request.
        pub(crate) fn id(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::rule::ID)?;
            attr.value()
        }

        /// Rules are asked in ascending order, those of one priority in the order in which they
        /// came. If absent from a request, the last rule's; that of a first rule is then 65536.
        pub(crate) fn priority(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::rule::PRIORITY)?;
            attr.value()
        }

        /// Attribute `chain`.
        pub(crate) fn chain(&self) -> Option<super::Chain> {
            let attr = self.0.get(super::attr::rule::CHAIN)?;
            attr.one_of()
        }

        /// Attribute `action`.
        pub(crate) fn action(&self) -> Option<super::Action> {
            let attr = self.0.get(super::attr::rule::ACTION)?;
            attr.one_of()
        }

        /// If absent, that of the addresses; both if there are none.
        pub(crate) fn family(&self) -> Option<super::Family> {
            let attr = self.0.get(super::attr::rule::FAMILY)?;
            attr.one_of()
        }

        /// IP protocol number; of IPv6 the one behind all extension headers, 0 if it cannot be found.
        pub(crate) fn protocol(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::PROTOCOL)?;
            attr.value()
        }

        /// Address, 4 or 16 bytes in network byte order, without bits behind the prefix.
        pub(crate) fn source(&self) -> Option<&'a [u8]> {
            let attr = self.0.get(super::attr::rule::SOURCE)?;
            Some(attr.bytes())
        }

        /// In bits; if absent, all of the address.
        pub(crate) fn source_prefix_len(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::SOURCE_PREFIX_LEN)?;
            attr.value()
        }

        /// As source.
        pub(crate) fn destination(&self) -> Option<&'a [u8]> {
            let attr = self.0.get(super::attr::rule::DESTINATION)?;
            Some(attr.bytes())
        }

        /// Attribute `destination-prefix-len`.
        pub(crate) fn destination_prefix_len(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::DESTINATION_PREFIX_LEN)?;
            attr.value()
        }

        /// First port that matches, in host byte order; if there is a last port only, 0. Needs a
        /// protocol with ports.
        pub(crate) fn source_port_min(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::rule::SOURCE_PORT_MIN)?;
            attr.value()
        }

        /// Last port that matches; if there is a first one only, that.
        pub(crate) fn source_port_max(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::rule::SOURCE_PORT_MAX)?;
            attr.value()
        }

        /// Attribute `destination-port-min`.
        pub(crate) fn destination_port_min(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::rule::DESTINATION_PORT_MIN)?;
            attr.value()
        }

        /// Attribute `destination-port-max`.
        pub(crate) fn destination_port_max(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::rule::DESTINATION_PORT_MAX)?;
            attr.value()
        }

        /// Packets that this rule was the first to match. In a request of a transaction, what it begins at; in
        /// no other request.
        pub(crate) fn packets(&self) -> Option<u64> {
            let attr = self.0.get(super::attr::rule::PACKETS)?;
            attr.uint()
        }

        /// Their bytes from the IP header on; in a request as packets.
        pub(crate) fn bytes(&self) -> Option<u64> {
            let attr = self.0.get(super::attr::rule::BYTES)?;
            attr.uint()
        }

        /// The states of which the packet's is one. Connections are tracked in the namespace as long as a rule
        /// has it.
        pub(crate) fn state(&self) -> Option<super::State> {
            let attr = self.0.get(super::attr::rule::STATE)?;
            attr.number().map(super::State::from_bits)
        }

        /// Type of an ICMP message, or of one of ICMPv6, as the protocol says, which has to be one of both.
        pub(crate) fn icmp_type(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::ICMP_TYPE)?;
            attr.value()
        }

        /// Code of the message; needs a type.
        pub(crate) fn icmp_code(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::ICMP_CODE)?;
            attr.value()
        }

        /// Of the flags of tcp-flags-mask, those that are set; the others are not. If there is a mask only, none.
        /// Needs the protocol TCP.
        pub(crate) fn tcp_flags(&self) -> Option<super::TcpFlag> {
            let attr = self.0.get(super::attr::rule::TCP_FLAGS)?;
            attr.number().map(super::TcpFlag::from_bits)
        }

        /// The flags that are looked at; if absent, those of tcp-flags.
        pub(crate) fn tcp_flags_mask(&self) -> Option<super::TcpFlag> {
            let attr = self.0.get(super::attr::rule::TCP_FLAGS_MASK)?;
            attr.number().map(super::TcpFlag::from_bits)
        }

        /// What the sender is told, of a rule that rejects; if absent, port-unreachable.
        pub(crate) fn reject_with(&self) -> Option<super::RejectWith> {
            let attr = self.0.get(super::attr::rule::REJECT_WITH)?;
            attr.one_of()
        }

        /// Bytes of the packet from the IP header on, at least; if there is only length-max, 0. Of one that is
        /// aggregated, all of it.
        pub(crate) fn length_min(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::rule::LENGTH_MIN)?;
            attr.value()
        }

        /// At most; if there is only length-min, that.
        pub(crate) fn length_max(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::rule::LENGTH_MAX)?;
            attr.value()
        }

        /// Time to live of IPv4 or hop limit of IPv6, at least; if there is only hop-limit-max, 0.
        pub(crate) fn hop_limit_min(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::HOP_LIMIT_MIN)?;
            attr.value()
        }

        /// At most; if there is only hop-limit-min, that.
        pub(crate) fn hop_limit_max(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::HOP_LIMIT_MAX)?;
            attr.value()
        }

        /// Code point of differentiated services.
        pub(crate) fn dscp(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::DSCP)?;
            attr.value()
        }

        /// The packet's mark, of the bits in mark-mask.
        pub(crate) fn mark(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::rule::MARK)?;
            attr.value()
        }

        /// The bits of the mark that are looked at; if absent, all.
        pub(crate) fn mark_mask(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::rule::MARK_MASK)?;
            attr.value()
        }

        /// What the bits in set-mark-mask of the mark become, of a rule that accepts.
        pub(crate) fn set_mark(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::rule::SET_MARK)?;
            attr.value()
        }

        /// The bits of the mark that change; if absent, all.
        pub(crate) fn set_mark_mask(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::rule::SET_MARK_MASK)?;
            attr.value()
        }
    }
}

/// Requests.
pub(crate) mod request {
    use super::*;

    /// Attributes of a request `RuleAdd`.
    #[derive(Clone, Copy)]
    pub(crate) struct RuleAdd<'a>(pub(super) Attrs<'a>);

    impl<'a> RuleAdd<'a> {
        /// Attribute `rule`.
        pub(crate) fn rule(&self) -> Option<super::view::Rule<'a>> {
            let attr = self.0.get(super::attr::firewall::RULE)?;
            Some(super::view::Rule(attr.nest()))
        }

        /// Of a rule: the new one comes right before it, with its priority. If absent, the new one
        /// comes behind those of its priority.
        pub(crate) fn before(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::firewall::BEFORE)?;
            attr.value()
        }
    }

    impl View for RuleAdd<'static> {
        type On<'a> = RuleAdd<'a>;

        fn on(attrs: Attrs<'_>) -> RuleAdd<'_> {
            RuleAdd(attrs)
        }
    }

    impl<'a> From<RuleAdd<'a>> for Attrs<'a> {
        fn from(view: RuleAdd<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `RuleDel`.
    #[derive(Clone, Copy)]
    pub(crate) struct RuleDel<'a>(pub(super) Attrs<'a>);

    impl<'a> RuleDel<'a> {
        /// Of a rule.
        pub(crate) fn id(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::firewall::ID)?;
            attr.value()
        }
    }

    impl View for RuleDel<'static> {
        type On<'a> = RuleDel<'a>;

        fn on(attrs: Attrs<'_>) -> RuleDel<'_> {
            RuleDel(attrs)
        }
    }

    impl<'a> From<RuleDel<'a>> for Attrs<'a> {
        fn from(view: RuleDel<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `RuleFlush`.
    #[derive(Clone, Copy)]
    pub(crate) struct RuleFlush<'a>(pub(super) Attrs<'a>);

    impl<'a> RuleFlush<'a> {}

    impl View for RuleFlush<'static> {
        type On<'a> = RuleFlush<'a>;

        fn on(attrs: Attrs<'_>) -> RuleFlush<'_> {
            RuleFlush(attrs)
        }
    }

    impl<'a> From<RuleFlush<'a>> for Attrs<'a> {
        fn from(view: RuleFlush<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `RuleGet`.
    pub(crate) type RuleGet<'a> = RuleDel<'a>;

    /// Attributes of a request `RuleGetDump`.
    pub(crate) type RuleGetDump<'a> = RuleFlush<'a>;

    /// Attributes of a request `StatsGet`.
    pub(crate) type StatsGet<'a> = RuleFlush<'a>;

    /// Attributes of a request `RuleReplace`.
    #[derive(Clone, Copy)]
    pub(crate) struct RuleReplace<'a>(pub(super) Attrs<'a>);

    impl<'a> RuleReplace<'a> {
        /// All rules that there are to be. One without a priority has that of the one before it in
        /// the request.
        pub(crate) fn rules(&self) -> impl Iterator<Item = super::view::Rule<'a>> + Clone + 'a {
            self.0
                .all(super::attr::firewall::RULES)
                .map(|attr| super::view::Rule(attr.nest()))
        }
    }

    impl View for RuleReplace<'static> {
        type On<'a> = RuleReplace<'a>;

        fn on(attrs: Attrs<'_>) -> RuleReplace<'_> {
            RuleReplace(attrs)
        }
    }

    impl<'a> From<RuleReplace<'a>> for Attrs<'a> {
        fn from(view: RuleReplace<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `TransactionAdd`.
    pub(crate) type TransactionAdd<'a> = RuleReplace<'a>;

    /// Attributes of a request `TransactionCheck`.
    #[derive(Clone, Copy)]
    pub(crate) struct TransactionCheck<'a>(pub(super) Attrs<'a>);

    impl<'a> TransactionCheck<'a> {
        /// Number of rules.
        pub(crate) fn count(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::firewall::COUNT)?;
            attr.value()
        }
    }

    impl View for TransactionCheck<'static> {
        type On<'a> = TransactionCheck<'a>;

        fn on(attrs: Attrs<'_>) -> TransactionCheck<'_> {
            TransactionCheck(attrs)
        }
    }

    impl<'a> From<TransactionCheck<'a>> for Attrs<'a> {
        fn from(view: TransactionCheck<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `TransactionCommit`.
    pub(crate) type TransactionCommit<'a> = TransactionCheck<'a>;

    /// Attributes of a request `TransactionAbort`.
    pub(crate) type TransactionAbort<'a> = RuleFlush<'a>;
}

/// What is nested in replies and notifications.
pub(crate) mod build {
    use super::*;
    use kernet::nlattr::{Array, Builder};

    /// Attributes of `rule`.
    pub(crate) struct Rule<'a>(pub(super) Writer<'a>);

    impl Builder for Rule<'static> {
        type On<'a> = Rule<'a>;

        fn on(writer: Writer<'_>) -> Rule<'_> {
            Rule(writer)
        }
    }

    impl Rule<'_> {
        /// Identifies the rule; chosen by the kernel if absent from a request.
        pub(crate) fn id(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::ID, value)?;
            Ok(self)
        }

        /// Rules are asked in ascending order, those of one priority in the order in which they
        /// came. If absent from a request, the last rule's; that of a first rule is then 65536.
        pub(crate) fn priority(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::PRIORITY, value)?;
            Ok(self)
        }

        /// Attribute `chain`.
        pub(crate) fn chain(&mut self, value: super::Chain) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::rule::CHAIN, value.raw() as u8)?;
            Ok(self)
        }

        /// Attribute `action`.
        pub(crate) fn action(&mut self, value: super::Action) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::rule::ACTION, value.raw() as u8)?;
            Ok(self)
        }

        /// If absent, that of the addresses; both if there are none.
        pub(crate) fn family(&mut self, value: super::Family) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::rule::FAMILY, value.raw() as u8)?;
            Ok(self)
        }

        /// IP protocol number; of IPv6 the one behind all extension headers, 0 if it cannot be found.
        pub(crate) fn protocol(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::PROTOCOL, value)?;
            Ok(self)
        }

        /// Address, 4 or 16 bytes in network byte order, without bits behind the prefix.
        pub(crate) fn source(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::rule::SOURCE, value)?;
            Ok(self)
        }

        /// In bits; if absent, all of the address.
        pub(crate) fn source_prefix_len(&mut self, value: u8) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::rule::SOURCE_PREFIX_LEN, value)?;
            Ok(self)
        }

        /// As source.
        pub(crate) fn destination(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::rule::DESTINATION, value)?;
            Ok(self)
        }

        /// Attribute `destination-prefix-len`.
        pub(crate) fn destination_prefix_len(&mut self, value: u8) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::rule::DESTINATION_PREFIX_LEN, value)?;
            Ok(self)
        }

        /// First port that matches, in host byte order; if there is a last port only, 0. Needs a
        /// protocol with ports.
        pub(crate) fn source_port_min(&mut self, value: u16) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::rule::SOURCE_PORT_MIN, value)?;
            Ok(self)
        }

        /// Last port that matches; if there is a first one only, that.
        pub(crate) fn source_port_max(&mut self, value: u16) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::rule::SOURCE_PORT_MAX, value)?;
            Ok(self)
        }

        /// Attribute `destination-port-min`.
        pub(crate) fn destination_port_min(&mut self, value: u16) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::rule::DESTINATION_PORT_MIN, value)?;
            Ok(self)
        }

        /// Attribute `destination-port-max`.
        pub(crate) fn destination_port_max(&mut self, value: u16) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::rule::DESTINATION_PORT_MAX, value)?;
            Ok(self)
        }

        /// Packets that this rule was the first to match. In a request of a transaction, what it begins at; in
        /// no other request.
        pub(crate) fn packets(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::rule::PACKETS, value)?;
            Ok(self)
        }

        /// Their bytes from the IP header on; in a request as packets.
        pub(crate) fn bytes(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::rule::BYTES, value)?;
            Ok(self)
        }

        /// The states of which the packet's is one. Connections are tracked in the namespace as long as a rule
        /// has it.
        pub(crate) fn state(&mut self, value: super::State) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::rule::STATE, value.bits() as u8)?;
            Ok(self)
        }

        /// Type of an ICMP message, or of one of ICMPv6, as the protocol says, which has to be one of both.
        pub(crate) fn icmp_type(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::ICMP_TYPE, value)?;
            Ok(self)
        }

        /// Code of the message; needs a type.
        pub(crate) fn icmp_code(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::ICMP_CODE, value)?;
            Ok(self)
        }

        /// Of the flags of tcp-flags-mask, those that are set; the others are not. If there is a mask only, none.
        /// Needs the protocol TCP.
        pub(crate) fn tcp_flags(&mut self, value: super::TcpFlag) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::rule::TCP_FLAGS, value.bits() as u8)?;
            Ok(self)
        }

        /// The flags that are looked at; if absent, those of tcp-flags.
        pub(crate) fn tcp_flags_mask(&mut self, value: super::TcpFlag) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::rule::TCP_FLAGS_MASK, value.bits() as u8)?;
            Ok(self)
        }

        /// What the sender is told, of a rule that rejects; if absent, port-unreachable.
        pub(crate) fn reject_with(&mut self, value: super::RejectWith) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::rule::REJECT_WITH, value.raw() as u8)?;
            Ok(self)
        }

        /// Bytes of the packet from the IP header on, at least; if there is only length-max, 0. Of one that is
        /// aggregated, all of it.
        pub(crate) fn length_min(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::LENGTH_MIN, value)?;
            Ok(self)
        }

        /// At most; if there is only length-min, that.
        pub(crate) fn length_max(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::LENGTH_MAX, value)?;
            Ok(self)
        }

        /// Time to live of IPv4 or hop limit of IPv6, at least; if there is only hop-limit-max, 0.
        pub(crate) fn hop_limit_min(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::HOP_LIMIT_MIN, value)?;
            Ok(self)
        }

        /// At most; if there is only hop-limit-min, that.
        pub(crate) fn hop_limit_max(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::HOP_LIMIT_MAX, value)?;
            Ok(self)
        }

        /// Code point of differentiated services.
        pub(crate) fn dscp(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::DSCP, value)?;
            Ok(self)
        }

        /// The packet's mark, of the bits in mark-mask.
        pub(crate) fn mark(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::MARK, value)?;
            Ok(self)
        }

        /// The bits of the mark that are looked at; if absent, all.
        pub(crate) fn mark_mask(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::MARK_MASK, value)?;
            Ok(self)
        }

        /// What the bits in set-mark-mask of the mark become, of a rule that accepts.
        pub(crate) fn set_mark(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::SET_MARK, value)?;
            Ok(self)
        }

        /// The bits of the mark that change; if absent, all.
        pub(crate) fn set_mark_mask(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::rule::SET_MARK_MASK, value)?;
            Ok(self)
        }
    }
}

/// Replies and notifications.
pub(crate) mod reply {
    use super::*;
    use kernet::nlattr::{Array, Builder};

    /// Attributes of a message `RuleAdd`.
    pub(crate) struct RuleAdd<'a>(pub(super) Writer<'a>);

    impl Builder for RuleAdd<'static> {
        type On<'a> = RuleAdd<'a>;

        fn on(writer: Writer<'_>) -> RuleAdd<'_> {
            RuleAdd(writer)
        }
    }

    impl RuleAdd<'_> {
        /// Attribute `rule`.
        pub(crate) fn rule(
            &mut self,
            fill: impl FnOnce(&mut super::build::Rule<'_>) -> Result,
        ) -> Result<&mut Self> {
            self.0
                .build::<super::build::Rule<'static>>(super::attr::firewall::RULE, fill)?;
            Ok(self)
        }
    }

    /// Attributes of a message `RuleFlush`.
    pub(crate) struct RuleFlush<'a>(pub(super) Writer<'a>);

    impl Builder for RuleFlush<'static> {
        type On<'a> = RuleFlush<'a>;

        fn on(writer: Writer<'_>) -> RuleFlush<'_> {
            RuleFlush(writer)
        }
    }

    impl RuleFlush<'_> {
        /// Number of rules.
        pub(crate) fn count(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::firewall::COUNT, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `RuleGet`.
    pub(crate) type RuleGet<'a> = RuleAdd<'a>;

    /// Attributes of a message `RuleGetDump`.
    pub(crate) type RuleGetDump<'a> = RuleAdd<'a>;

    /// Attributes of a message `StatsGet`.
    pub(crate) struct StatsGet<'a>(pub(super) Writer<'a>);

    impl Builder for StatsGet<'static> {
        type On<'a> = StatsGet<'a>;

        fn on(writer: Writer<'_>) -> StatsGet<'_> {
            StatsGet(writer)
        }
    }

    impl StatsGet<'_> {
        /// Number of rules.
        pub(crate) fn count(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::firewall::COUNT, value)?;
            Ok(self)
        }

        /// Packets let go on, by a rule or for want of one.
        pub(crate) fn accepted(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::firewall::ACCEPTED, value)?;
            Ok(self)
        }

        /// Packets dropped by a rule.
        pub(crate) fn dropped(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::firewall::DROPPED, value)?;
            Ok(self)
        }

        /// Packets whose headers are truncated or contradict themselves, of those that rules were asked
        /// about. They are accepted or dropped, too.
        pub(crate) fn malformed(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::firewall::MALFORMED, value)?;
            Ok(self)
        }

        /// Rules that are compared with a packet at most, whatever it is.
        pub(crate) fn comparisons(&mut self, value: u32) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::firewall::COMPARISONS, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `RuleReplace`.
    pub(crate) type RuleReplace<'a> = RuleFlush<'a>;

    /// Attributes of a message `TransactionAdd`.
    pub(crate) type TransactionAdd<'a> = RuleFlush<'a>;

    /// Attributes of a message `TransactionCheck`.
    pub(crate) struct TransactionCheck<'a>(pub(super) Writer<'a>);

    impl Builder for TransactionCheck<'static> {
        type On<'a> = TransactionCheck<'a>;

        fn on(writer: Writer<'_>) -> TransactionCheck<'_> {
            TransactionCheck(writer)
        }
    }

    impl TransactionCheck<'_> {
        /// Number of rules.
        pub(crate) fn count(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::firewall::COUNT, value)?;
            Ok(self)
        }

        /// Rules that are compared with a packet at most, whatever it is.
        pub(crate) fn comparisons(&mut self, value: u32) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::firewall::COMPARISONS, value)?;
            Ok(self)
        }

        /// Of the rules, those that were there before. The counters of each go on, unless the request says
        /// what they begin at.
        pub(crate) fn kept(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::firewall::KEPT, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `TransactionCommit`.
    pub(crate) type TransactionCommit<'a> = TransactionCheck<'a>;

    /// Attributes of a message `TransactionAbort`.
    pub(crate) type TransactionAbort<'a> = RuleFlush<'a>;

    /// Attributes of a message `RuleAddNtf`.
    pub(crate) struct RuleAddNtf<'a>(pub(super) Writer<'a>);

    impl Builder for RuleAddNtf<'static> {
        type On<'a> = RuleAddNtf<'a>;

        fn on(writer: Writer<'_>) -> RuleAddNtf<'_> {
            RuleAddNtf(writer)
        }
    }

    impl RuleAddNtf<'_> {
        /// Attribute `rule`.
        pub(crate) fn rule(
            &mut self,
            fill: impl FnOnce(&mut super::build::Rule<'_>) -> Result,
        ) -> Result<&mut Self> {
            self.0
                .build::<super::build::Rule<'static>>(super::attr::firewall::RULE, fill)?;
            Ok(self)
        }

        /// Of a rule: the new one comes right before it, with its priority. If absent, the new one
        /// comes behind those of its priority.
        pub(crate) fn before(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::firewall::BEFORE, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `RuleDelNtf`.
    pub(crate) type RuleDelNtf<'a> = RuleAdd<'a>;

    /// Attributes of a message `RuleFlushNtf`.
    pub(crate) type RuleFlushNtf<'a> = RuleFlush<'a>;

    /// Attributes of a message `RuleReplaceNtf`.
    pub(crate) type RuleReplaceNtf<'a> = RuleFlush<'a>;
}

/// The protocol of the family.
pub(crate) struct Spec;

impl genl::FamilySpec for Spec {
    const NAME: &'static CStr = c"firewall";
    const VERSION: u32 = 1;
    const GROUPS: &'static [genl::McastGroup] = &[genl::McastGroup {
        net_admin: true,
        ..genl::McastGroup::new(c"rules")
    }];
}

kernet::slot!(Spec: genl::Slot);

/// The multicast groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// `rules`.
    Rules,
}

impl Group {
    fn from_index(index: usize) -> Option<Self> {
        match index {
            0 => Some(Self::Rules),
            _ => None,
        }
    }
}

/// The multicast groups, as types.
pub(crate) mod group {
    use super::*;

    /// `rules`.
    pub(crate) struct Rules;

    impl genl::Group for Rules {
        type Spec = Spec;

        const INDEX: usize = 0;
    }
}

/// What nobody has asked for.
pub(crate) mod notify {
    use super::*;

    /// A rule was added, where the request has put it.
    pub(crate) struct RuleAddNtf;

    impl genl::Notification for RuleAddNtf {
        type Group = group::Rules;
        type Builder = reply::RuleAddNtf<'static>;

        const COMMAND: u8 = 6;
    }

    /// A rule was deleted; its counters are its last.
    pub(crate) struct RuleDelNtf;

    impl genl::Notification for RuleDelNtf {
        type Group = group::Rules;
        type Builder = reply::RuleDelNtf<'static>;

        const COMMAND: u8 = 7;
    }

    /// All rules were deleted.
    pub(crate) struct RuleFlushNtf;

    impl genl::Notification for RuleFlushNtf {
        type Group = group::Rules;
        type Builder = reply::RuleFlushNtf<'static>;

        const COMMAND: u8 = 8;
    }

    /// All rules were replaced, by so many; a dump says by which.
    pub(crate) struct RuleReplaceNtf;

    impl genl::Notification for RuleReplaceNtf {
        type Group = group::Rules;
        type Builder = reply::RuleReplaceNtf<'static>;

        const COMMAND: u8 = 10;
    }
}

/// A request `rule-add`.
pub(crate) type RuleAddRequest<'a, T> = genl::Request<'a, Server<T>, request::RuleAdd<'static>>;

/// The answer to a request `rule-add`.
pub(crate) type RuleAddReply<'a> = genl::Reply<'a, reply::RuleAdd<'static>>;

/// A request `rule-del`.
pub(crate) type RuleDelRequest<'a, T> = genl::Request<'a, Server<T>, request::RuleDel<'static>>;

/// A request `rule-flush`.
pub(crate) type RuleFlushRequest<'a, T> = genl::Request<'a, Server<T>, request::RuleFlush<'static>>;

/// The answer to a request `rule-flush`.
pub(crate) type RuleFlushReply<'a> = genl::Reply<'a, reply::RuleFlush<'static>>;

/// A request `rule-get`.
pub(crate) type RuleGetRequest<'a, T> = genl::Request<'a, Server<T>, request::RuleGet<'static>>;

/// The answer to a request `rule-get`.
pub(crate) type RuleGetReply<'a> = genl::Reply<'a, reply::RuleGet<'static>>;

/// A request `rule-get-dump`.
pub(crate) type RuleGetDumpRequest<'a, T> =
    genl::Request<'a, Server<T>, request::RuleGetDump<'static>>;

/// The answer to a request `rule-get-dump`.
pub(crate) type RuleGetDumpEntries<'a> = genl::Entries<'a, reply::RuleGetDump<'static>>;

/// A request `stats-get`.
pub(crate) type StatsGetRequest<'a, T> = genl::Request<'a, Server<T>, request::StatsGet<'static>>;

/// The answer to a request `stats-get`.
pub(crate) type StatsGetReply<'a> = genl::Reply<'a, reply::StatsGet<'static>>;

/// A request `rule-replace`.
pub(crate) type RuleReplaceRequest<'a, T> =
    genl::Request<'a, Server<T>, request::RuleReplace<'static>>;

/// The answer to a request `rule-replace`.
pub(crate) type RuleReplaceReply<'a> = genl::Reply<'a, reply::RuleReplace<'static>>;

/// A request `transaction-add`.
pub(crate) type TransactionAddRequest<'a, T> =
    genl::Request<'a, Server<T>, request::TransactionAdd<'static>>;

/// The answer to a request `transaction-add`.
pub(crate) type TransactionAddReply<'a> = genl::Reply<'a, reply::TransactionAdd<'static>>;

/// A request `transaction-check`.
pub(crate) type TransactionCheckRequest<'a, T> =
    genl::Request<'a, Server<T>, request::TransactionCheck<'static>>;

/// The answer to a request `transaction-check`.
pub(crate) type TransactionCheckReply<'a> = genl::Reply<'a, reply::TransactionCheck<'static>>;

/// A request `transaction-commit`.
pub(crate) type TransactionCommitRequest<'a, T> =
    genl::Request<'a, Server<T>, request::TransactionCommit<'static>>;

/// The answer to a request `transaction-commit`.
pub(crate) type TransactionCommitReply<'a> = genl::Reply<'a, reply::TransactionCommit<'static>>;

/// A request `transaction-abort`.
pub(crate) type TransactionAbortRequest<'a, T> =
    genl::Request<'a, Server<T>, request::TransactionAbort<'static>>;

/// The answer to a request `transaction-abort`.
pub(crate) type TransactionAbortReply<'a> = genl::Reply<'a, reply::TransactionAbort<'static>>;

/// What the family does: implemented by who serves it.
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// What is kept for each socket that asks for it.
    type Socket: Default + Send + Sync + 'static;

    /// Where a dump of `rule-get` goes on.
    type RuleGetDump: Send + 'static;

    /// Add a rule.
    fn rule_add(
        request: &RuleAddRequest<'_, Self>,
        reply: RuleAddReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Delete a rule.
    fn rule_del(request: &RuleDelRequest<'_, Self>, process: Process<'_>) -> Result;

    /// Delete all rules, and say how many they were.
    fn rule_flush(
        request: &RuleFlushRequest<'_, Self>,
        reply: RuleFlushReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Get a rule, or all in their order.
    fn rule_get(
        request: &RuleGetRequest<'_, Self>,
        reply: RuleGetReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Begins a dump `rule-get`.
    fn rule_get_start(
        request: &RuleGetDumpRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Self::RuleGetDump>;

    /// Get a rule, or all in their order.
    ///
    /// Puts the next entries, and moves `dump` past each.
    fn rule_get_dump(
        request: &RuleGetDumpRequest<'_, Self>,
        dump: &mut Self::RuleGetDump,
        entries: &mut RuleGetDumpEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), genl::Full>;

    /// Get the namespace's counters.
    fn stats_get(
        request: &StatsGetRequest<'_, Self>,
        reply: StatsGetReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Put rules in the place of all there are, at once, and say how many they are: each packet
    /// sees those from before or these. The counters of a rule that is there already go on.
    fn rule_replace(
        request: &RuleReplaceRequest<'_, Self>,
        reply: RuleReplaceReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Add rules to those that the socket has sent before, which take no effect yet, and say how many
    /// they are now. If one is refused, none of the message is added.
    fn transaction_add(
        request: &TransactionAddRequest<'_, Self>,
        reply: TransactionAddReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Check whether the rules that the socket has sent, as many as count says, could take the place of
    /// all there are. Changes nothing.
    fn transaction_check(
        request: &TransactionCheckRequest<'_, Self>,
        reply: TransactionCheckReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Put the rules that the socket has sent, as many as count says, in the place of all there are, at
    /// once, as rule-replace. If that is refused, they are kept, and those in place are as they were. If the
    /// socket has no room for the reply, an acknowledgement alone says that it is done.
    fn transaction_commit(
        request: &TransactionCommitRequest<'_, Self>,
        reply: TransactionCommitReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Forget the rules that the socket has sent, and say how many they were.
    fn transaction_abort(
        request: &TransactionAbortRequest<'_, Self>,
        reply: TransactionAbortReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// A socket begins to listen to a group.
    fn bind(_group: Group, _process: Process<'_>) {}

    /// A socket no longer listens to a group.
    fn unbind(_group: Group, _process: Process<'_>) {}
}

/// The family, served by `T`.
pub(crate) struct Server<T>(PhantomData<fn() -> T>);

/// The registration of the family, served by `T`.
pub(crate) type Registration<T> = genl::Registration<Server<T>>;

impl<T: Operations> genl::FamilyServer for Server<T> {
    type Spec = Spec;
    type Socket = T::Socket;

    const OPS: &'static [genl::Op<Self>] = &[
        genl::Op::new_do::<op::RuleAdd<T>>(),
        genl::Op::new_do::<op::RuleDel<T>>(),
        genl::Op::new_do::<op::RuleFlush<T>>(),
        genl::Op::new_do::<op::RuleGet<T>>(),
        genl::Op::new_dump::<op::RuleGetDump<T>>(),
        genl::Op::new_do::<op::StatsGet<T>>(),
        genl::Op::new_do::<op::RuleReplace<T>>(),
        genl::Op::new_do::<op::TransactionAdd<T>>(),
        genl::Op::new_do::<op::TransactionCheck<T>>(),
        genl::Op::new_do::<op::TransactionCommit<T>>(),
        genl::Op::new_do::<op::TransactionAbort<T>>(),
    ];

    fn bind(group: usize, process: Process<'_>) {
        if let Some(group) = Group::from_index(group) {
            T::bind(group, process);
        }
    }

    fn unbind(group: usize, process: Process<'_>) {
        if let Some(group) = Group::from_index(group) {
            T::unbind(group, process);
        }
    }
}

/// The operations, as the layer calls them.
mod op {
    use super::*;

    pub(super) struct RuleAdd<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for RuleAdd<T> {
        const COMMAND: u8 = 1;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_RULE_ADD.policies());

        type Request = super::request::RuleAdd<'static>;
        type Reply = super::reply::RuleAdd<'static>;

        fn run(
            request: &RuleAddRequest<'_, T>,
            reply: RuleAddReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::rule_add(request, reply, process)
        }
    }

    pub(super) struct RuleDel<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for RuleDel<T> {
        const COMMAND: u8 = 2;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_RULE_DEL.policies());

        type Request = super::request::RuleDel<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &RuleDelRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::rule_del(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct RuleFlush<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for RuleFlush<T> {
        const COMMAND: u8 = 3;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = None;

        type Request = super::request::RuleFlush<'static>;
        type Reply = super::reply::RuleFlush<'static>;

        fn run(
            request: &RuleFlushRequest<'_, T>,
            reply: RuleFlushReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::rule_flush(request, reply, process)
        }
    }

    pub(super) struct RuleGet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for RuleGet<T> {
        const COMMAND: u8 = 4;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_RULE_DEL.policies());

        type Request = super::request::RuleGet<'static>;
        type Reply = super::reply::RuleGet<'static>;

        fn run(
            request: &RuleGetRequest<'_, T>,
            reply: RuleGetReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::rule_get(request, reply, process)
        }
    }

    pub(super) struct RuleGetDump<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Dump<Server<T>> for RuleGetDump<T> {
        const COMMAND: u8 = 4;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = None;

        type Request = super::request::RuleGetDump<'static>;
        type Reply = super::reply::RuleGetDump<'static>;
        type State = T::RuleGetDump;

        fn start(
            request: &RuleGetDumpRequest<'_, T>,
            process: Process<'_>,
        ) -> Result<T::RuleGetDump> {
            T::rule_get_start(request, process)
        }

        fn run(
            request: &RuleGetDumpRequest<'_, T>,
            dump: &mut T::RuleGetDump,
            entries: &mut RuleGetDumpEntries<'_>,
            process: Process<'_>,
        ) -> Result<(), genl::Full> {
            T::rule_get_dump(request, dump, entries, process)
        }
    }

    pub(super) struct StatsGet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for StatsGet<T> {
        const COMMAND: u8 = 5;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = None;

        type Request = super::request::StatsGet<'static>;
        type Reply = super::reply::StatsGet<'static>;

        fn run(
            request: &StatsGetRequest<'_, T>,
            reply: StatsGetReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::stats_get(request, reply, process)
        }
    }

    pub(super) struct RuleReplace<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for RuleReplace<T> {
        const COMMAND: u8 = 9;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_RULE_REPLACE.policies());

        type Request = super::request::RuleReplace<'static>;
        type Reply = super::reply::RuleReplace<'static>;

        fn run(
            request: &RuleReplaceRequest<'_, T>,
            reply: RuleReplaceReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::rule_replace(request, reply, process)
        }
    }

    pub(super) struct TransactionAdd<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for TransactionAdd<T> {
        const COMMAND: u8 = 11;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_RULE_REPLACE.policies());

        type Request = super::request::TransactionAdd<'static>;
        type Reply = super::reply::TransactionAdd<'static>;

        fn run(
            request: &TransactionAddRequest<'_, T>,
            reply: TransactionAddReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::transaction_add(request, reply, process)
        }
    }

    pub(super) struct TransactionCheck<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for TransactionCheck<T> {
        const COMMAND: u8 = 12;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_TRANSACTION_CHECK.policies());

        type Request = super::request::TransactionCheck<'static>;
        type Reply = super::reply::TransactionCheck<'static>;

        fn run(
            request: &TransactionCheckRequest<'_, T>,
            reply: TransactionCheckReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::transaction_check(request, reply, process)
        }
    }

    pub(super) struct TransactionCommit<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for TransactionCommit<T> {
        const COMMAND: u8 = 13;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_TRANSACTION_CHECK.policies());

        type Request = super::request::TransactionCommit<'static>;
        type Reply = super::reply::TransactionCommit<'static>;

        fn run(
            request: &TransactionCommitRequest<'_, T>,
            reply: TransactionCommitReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::transaction_commit(request, reply, process)
        }
    }

    pub(super) struct TransactionAbort<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for TransactionAbort<T> {
        const COMMAND: u8 = 14;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = None;

        type Request = super::request::TransactionAbort<'static>;
        type Reply = super::reply::TransactionAbort<'static>;

        fn run(
            request: &TransactionAbortRequest<'_, T>,
            reply: TransactionAbortReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::transaction_abort(request, reply, process)
        }
    }
}
