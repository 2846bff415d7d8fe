"""The page's style sheet: it follows the reader's scheme of colours and fits 320 pixels."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5a6675; --line: #d9dfe6;
  --paper: #fff; --fill: #2f6fb0; --track: #e9eef4; --lost: #a4371b; --note: #fff6dd; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #a3aebb; --line: #36404c;
  --paper: #151a21; --fill: #6aa6e0; --track: #262e38; --lost: #f0937a; --note: #37301b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p { margin: .4rem 0; }
.lead { color: var(--soft); } .lead b { color: var(--ink); }
.notes { background: var(--note); border-radius: .4rem; padding: .6rem 1rem .6rem 2rem; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .5rem .35rem 0; text-align: left; border-bottom: 1px solid var(--line);
  font-weight: 400; vertical-align: middle; }
thead th { color: var(--soft); font-size: .85rem; }
tfoot th, tfoot td { font-weight: 600; }
.number { text-align: right; padding-right: 0; padding-left: .5rem; white-space: nowrap; }
.lost { color: var(--lost); }
.bar { width: 45%; }
.bar > span:not(.hidden) { display: block; height: .7rem; min-width: 1px; border-radius: .2rem;
  background: var(--fill); }
td.bar { background: linear-gradient(var(--track), var(--track)) no-repeat 0 50% /
  calc(100% - .5rem) .7rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
details { margin: .25rem 0 .75rem; }
summary { cursor: pointer; color: var(--fill); }
details ul { list-style: none; padding: 0; margin: .5rem 0; }
details li { border-left: 3px solid var(--line); padding: .1rem 0 .1rem .75rem; margin: .6rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .75rem; margin: 0; }
dt { color: var(--soft); font-size: .85rem; padding-top: .1rem; }
dd { margin: 0; white-space: pre-wrap; }
@media (max-width: 30rem) { .bar { display: none; } dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .3rem; } body { font-size: 15px; } }
"""
