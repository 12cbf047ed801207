// SPDX-License-Identifier: GPL-2.0

//! Rules as messages to userspace state them.

use kernel::prelude::*;
use kernet::wire::ip::Version;

use crate::{
    nl_generated::{
        self,
        build,
        Family,
        State,
        TcpFlag, //
    },
    rules::{
        Action,
        Message,
        Prefix,
        Rule,
        SetMark, //
    }, //
};

/// Puts what a rule is, and its counters.
pub(crate) fn describe(nest: &mut build::Rule<'_>, rule: &Rule) -> Result {
    nest.id(rule.id)?
        .priority(rule.priority)?
        .chain(rule.matches.in_chain())?
        .action(match rule.action {
            Action::Accept | Action::Mark(_) => nl_generated::Action::Accept,
            Action::Drop => nl_generated::Action::Drop,
            Action::Reject(_) => nl_generated::Action::Reject,
        })?;
    match rule.action {
        Action::Accept | Action::Drop => (),
        Action::Reject(with) => {
            nest.reject_with(with)?;
        }
        Action::Mark(SetMark { value, mask }) => {
            nest.set_mark(value)?.set_mark_mask(mask)?;
        }
    }
    let family = rule.matches.family();
    if let Some(family) = family {
        nest.family(match family {
            Version::V4 => Family::Ipv4,
            Version::V6 => Family::Ipv6,
        })?;
    }
    if let Some(protocol) = rule.matches.protocol() {
        nest.protocol(protocol.0)?;
    }
    let (prefix, ports) = rule.matches.source();
    if let Some(prefix) = prefix {
        nest.source(network(prefix, family, &mut [0; 16]))?
            .source_prefix_len(prefix.len())?;
    }
    if let Some(ports) = ports {
        nest.source_port_min(ports.min)?
            .source_port_max(ports.max)?;
    }
    let (prefix, ports) = rule.matches.destination();
    if let Some(prefix) = prefix {
        nest.destination(network(prefix, family, &mut [0; 16]))?
            .destination_prefix_len(prefix.len())?;
    }
    if let Some(ports) = ports {
        nest.destination_port_min(ports.min)?
            .destination_port_max(ports.max)?;
    }
    if let Some(Message { r#type, code }) = rule.matches.message() {
        nest.icmp_type(r#type)?;
        if let Some(code) = code {
            nest.icmp_code(code)?;
        }
    }
    let condition = rule.matches.condition();
    if let Some(states) = condition.wanted_states() {
        nest.state(State::from_bits(states.bits().into()))?;
    }
    if let Some((flags, mask)) = condition.wanted_flags() {
        nest.tcp_flags(TcpFlag::from_bits(flags.into()))?
            .tcp_flags_mask(TcpFlag::from_bits(mask.into()))?;
    }
    if let Some((min, max)) = condition.wanted_lengths() {
        nest.length_min(min)?.length_max(max)?;
    }
    if let Some((min, max)) = condition.wanted_hop_limits() {
        nest.hop_limit_min(min)?.hop_limit_max(max)?;
    }
    if let Some(dscp) = condition.wanted_dscp() {
        nest.dscp(dscp)?;
    }
    if let Some((mark, mask)) = condition.wanted_mark() {
        nest.mark(mark)?.mark_mask(mask)?;
    }
    let totals = rule.counters.read();
    nest.packets(totals.packets)?.bytes(totals.bytes)?;
    Ok(())
}

/// The network of a prefix, in as many bytes as its family has.
fn network(prefix: Prefix, family: Option<Version>, bytes: &mut [u8; 16]) -> &[u8] {
    *bytes = prefix.network().to_be_bytes();
    match family {
        // The low 32 bits.
        Some(Version::V4) => bytes.get(12..).unwrap_or(&[]),
        _ => bytes,
    }
}
