// SPDX-License-Identifier: GPL-2.0

//! The corpus of the fuzzer, and bytes that are drawn, go through its targets.

use std::{
    fs,
    io,
    path::Path, //
};

mod targets;

/// Drawn inputs per target; as many again are inputs of the corpus that were changed.
const DRAWN: usize = 3000;

/// xorshift64*: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) as usize % limit
    }
}

fn corpus(name: &str) -> io::Result<Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut paths = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    paths.into_iter().map(fs::read).collect()
}

#[test]
fn fuzz_targets() -> io::Result<()> {
    // Under Miri each takes a thousand times as long.
    let drawn = if cfg!(miri) { 20 } else { DRAWN };
    for (name, target) in targets::TARGETS {
        let known = corpus(name)
            .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
        assert!(!known.is_empty(), "{name}: no corpus");
        let mut random = Random(1);
        for input in known.iter().step_by(if cfg!(miri) { 8 } else { 1 }) {
            target(input);
        }
        for _ in 0..drawn {
            let len = random.below(120);
            let bytes: Vec<u8> = (0..len).map(|_| random.below(256) as u8).collect();
            target(&bytes);
            let mut changed = known[random.below(known.len())].clone();
            for _ in 0..=random.below(4) {
                if !changed.is_empty() {
                    let at = random.below(changed.len());
                    changed[at] = random.below(256) as u8;
                }
            }
            target(&changed);
        }
    }
    Ok(())
}
