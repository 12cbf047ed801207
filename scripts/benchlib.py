# SPDX-License-Identifier: GPL-2.0
"""What is made of the figures of scripts/bench: sizes of modules, the table, the plots."""

import html
import math
import subprocess

from kernetlib import Failure

# Ours, and the kernel's that does most of the same.
SIZED = (("sink", "dummy"), ("vpair", "veth"), ("etherip", "ip_gre"),
         ("bench_hook", "bench_hook_c"), ("bench_notifier", "bench_notifier_c"),
         ("bench_family", "bench_family_c"))
COLUMNS = ("workload", "per", "C peer", "floor", "C", "ours", "ratio", "own part", "helpers called",
           "spread")


def sizes(kernel, tree, llvm):
    """Bytes of text and of data of each module and its peer."""
    def of(name):
        found = sorted(tree.rglob(f"{name.rpartition('/')[2]}.ko"))
        if len(found) != 1:
            raise Failure(f"{tree}: {len(found)} modules are called {name}")
        done = subprocess.run([f"llvm-size{llvm}", str(found[0])], capture_output=True, text=True)
        if done.returncode:
            raise Failure(f"llvm-size: {done.stderr.strip()}")
        text, data, bss = map(int, done.stdout.splitlines()[1].split()[:3])
        return text, data + bss

    def figure(value):
        return {"median": value, "min": value, "max": value}

    results = []
    for index, part in enumerate(("text", "data")):
        for ours, peer in SIZED:
            name = peer.rpartition("/")[2]
            results.append({"name": f"{part}-{ours}", "what": f"{part} of {ours}", "per": "module",
                            "unit": "bytes", "quick": False, "rounds": 1,
                            "sides": {name: figure(of(peer)[index]), "ours": figure(of(ours)[index])}})
    return results


def rows(results):
    """A row for each C peer: a dictionary of numbers, None where there is none."""
    for result in results:
        sides = result["sides"]
        floor = sides.get("floor", {}).get("median")
        ours = sides["ours"]
        for peer, c in sides.items():
            if peer in ("floor", "ours", "called"):
                continue
            spread = max((side["max"] - side["min"]) / side["median"] if side["median"] else 0
                         for side in (c, ours))
            own = None
            if floor is not None and c["median"] > floor:
                own = (ours["median"] - floor) / (c["median"] - floor)
            yield {"name": result["name"], "what": result["what"], "unit": result["unit"],
                   "per": result["per"], "peer": peer, "floor": floor, "c": c["median"],
                   "ours": ours["median"],
                   "ratio": ours["median"] / c["median"] if c["median"] else None, "own": own,
                   "called": sides.get("called", {}).get("median"), "spread": spread}


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}".removesuffix(".0")


def ratio(value):
    return "" if value is None else f"{value:.3f}"


def table(results):
    """The table, as Markdown that is also legible as it is."""
    lines = [COLUMNS]
    for row in rows(results):
        per = row["per"] if row["unit"] == "instructions" else f"{row['unit']} per {row['per']}"
        lines.append((row["what"], per, row["peer"], number(row["floor"]), number(row["c"]),
                      number(row["ours"]), ratio(row["ratio"]), ratio(row["own"]),
                      number(row["called"]), f"{row['spread'] * 100:.2f} %"))
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    lines.insert(1, tuple("-" * (width - 1) + (":" if i > 2 else "-") for i, width in enumerate(widths)))

    def aligned(line):
        return "| " + " | ".join(text.rjust(width) if i > 2 else text.ljust(width) for i, (text, width)
                                 in enumerate(zip(line, widths))) + " |"
    return "\n".join(map(aligned, lines))


def page(report):
    return f"""<!-- SPDX-License-Identifier: GPL-2.0 -->
<!-- Written by `make bench`. -->

# What it costs: results

[How this is measured](../bench.md). Guest instructions, where nothing else is said.

- kernel and configuration: {report['kernel']} (scripts/config/plain.config)
- toolchain: {report['toolchain']}
- {report['qemu']}

{table(report['results'])}

![Ratios to the C peers](ratios.svg)

![Cost of rules](rules.svg)
"""


STYLE = ('<style>text{font:12px sans-serif;fill:#222}.t{font-weight:bold;font-size:14px}'
         '.g{stroke:#ccc}.one{stroke:#c00}</style>')


def svg(width, height, parts):
    return "\n".join([f'<!-- SPDX-License-Identifier: GPL-2.0 -->\n<svg xmlns="http://www.w3.org/2000/svg" '
                      f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">', STYLE,
                      f'<rect width="{width}" height="{height}" fill="#fff"/>', *parts, "</svg>", ""])


def text(x, y, value, anchor="start", mark=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{mark}>{html.escape(value)}</text>'


def line(x1, y1, x2, y2, name):
    return f'<line class="{name}" x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}"/>'


def ratios(results):
    """Bars: ours to C, of the own part where there is a floor."""
    found = [(row, row["own"] if row["own"] is not None else row["ratio"]) for row in rows(results)]
    found = [(row, value) for row, value in found if value is not None]
    left, scale, step = 380, 300, 20
    top = max([1.2, *(min(value, 2) for _, value in found)])
    bottom = 45 + step * len(found)
    parts = [text(10, 20, "Ours to C: the own part, without the floor, where there is one",
                  mark=' class="t"')]
    for tick in range(0, int(top * 4) + 1):
        x = left + tick / 4 * scale
        parts += [line(x, 35, x, bottom, "one" if tick == 4 else "g"),
                  text(x, bottom + 15, f"{tick / 4:.2f}", "middle")]
    for index, (row, value) in enumerate(found):
        y = 40 + step * index
        # A bar that is cut off says its number all the same.
        width = max(0, min(value, top)) * scale
        colour = "#4878a8" if value <= 1.0005 else "#d08020"
        parts += [text(left - 8, y + 12, f"{row['what']} / {row['peer']}", "end"),
                  f'<rect x="{left}" y="{y}" width="{width:.1f}" height="14" fill="{colour}"/>',
                  text(left + width + 4, y + 12, f"{value:.2f}")]
    return svg(left + int(top * scale) + 60, bottom + 25, parts)


def growth(results):
    """Lines: what n rules cost a packet beyond what it costs without any, on two logarithms."""
    points = {}
    for result in results:
        if not result["name"].startswith("rules-"):
            continue
        size = int(result["name"].removeprefix("rules-"))
        sides = result["sides"]
        for name, side in sides.items():
            if name not in ("floor", "called"):
                points.setdefault(name, []).append((size, side["median"] - sides["floor"]["median"]))
    left, bottom, scale = 70, 330, 90
    parts = [text(10, 20, "Instructions per packet for n rules, none of which matches",
                  mark=' class="t"')]
    for power in range(0, 4):
        x = left + power * 1.4 * scale
        parts += [line(x, 40, x, bottom, "g"), text(x, bottom + 15, f"{10 ** power}", "middle")]
    for power in range(2, 6):
        y = bottom - (power - 2) * scale
        parts += [line(left, y, left + 4.2 * scale, y, "g"), text(left - 6, y + 4, f"{10 ** power:,}", "end")]
    for (name, values), colour in zip(points.items(), ("#888", "#d08020", "#4878a8")):
        at = [(left + math.log10(size) * 1.4 * scale, bottom - (math.log10(max(cost, 100)) - 2) * scale)
              for size, cost in sorted(values)]
        parts += [f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
                  + " ".join(f"{x:.1f},{y:.1f}" for x, y in at) + '"/>',
                  text(at[-1][0] + 8, at[-1][1] + 4, name)]
    return svg(left + int(4.2 * scale) + 110, bottom + 30, parts)
