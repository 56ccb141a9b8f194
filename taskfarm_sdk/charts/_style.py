"""The style sheet of the charts: colours, sizes, light and dark, paper."""

# Colours that those who see no red or no green tell apart too, and with a contrast of 3 to 1 at
# least to the background (shapes) and 4.5 to 1 (texts).
STYLE = """
.tf-chart {
  --tf-text: #1b1f24; --tf-quiet: #57606a; --tf-line: #d0d7de;
  --tf-done: #00805e; --tf-failed: #c2410c; --tf-computing: #0b62b8; --tf-waiting: #8c959f;
  --tf-gap: #eaeef2;
  color: var(--tf-text); margin: 0 0 1.5rem; max-width: 60rem;
  font: 1rem/1.4 system-ui, sans-serif; break-inside: avoid;
}
.tf-chart figcaption { margin: 0 0 .35rem; }
.tf-chart small, .tf-chart .tf-said, .tf-chart .tf-x, .tf-chart .tf-y, .tf-chart .tf-legend {
  color: var(--tf-quiet); font-size: .8125rem;
}
.tf-chart .tf-said { margin: .35rem 0 0; overflow-wrap: anywhere; }
.tf-chart .tf-legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: 0 0 .35rem; }
.tf-chart .tf-swatch { width: .75em; height: .75em; margin-right: .35em; }
.tf-chart .tf-svg { display: block; width: 100%; }
.tf-chart .tf-plot { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 .4rem; }
.tf-chart .tf-plot > .tf-svg { height: 11rem; }
.tf-chart .tf-y {
  display: flex; flex-direction: column; justify-content: space-between; text-align: right;
  line-height: 1; white-space: nowrap;
}
.tf-chart .tf-x {
  display: flex; justify-content: space-between; grid-column: 2; white-space: nowrap;
}
.tf-chart .tf-bar { height: 1rem; border-radius: .25rem; }
.tf-chart .tf-rows { display: grid; grid-template-columns: minmax(4rem, 14rem) minmax(0, 1fr);
  gap: 1px .5rem; align-items: center; }
.tf-chart .tf-rows .tf-svg { height: 1.25rem; }
.tf-chart .tf-name { font-size: .8125rem; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.tf-chart .tf-fill-done { fill: var(--tf-done); }
.tf-chart .tf-fill-failed { fill: var(--tf-failed); }
.tf-chart .tf-fill-computing { fill: var(--tf-computing); }
.tf-chart .tf-fill-waiting { fill: var(--tf-waiting); }
.tf-chart .tf-fill-unknown { fill: var(--tf-line); }
.tf-chart .tf-fill-gap { fill: var(--tf-gap); }
.tf-chart .tf-area { fill: var(--tf-done); fill-opacity: .25; }
.tf-chart .tf-stroke { fill: none; stroke: var(--tf-done); stroke-width: 1.5px; }
.tf-chart .tf-rule { fill: none; stroke: var(--tf-line); stroke-width: 1px; }
.tf-chart .tf-stroke, .tf-chart .tf-rule { vector-effect: non-scaling-stroke; }
@media screen and (prefers-color-scheme: dark) {
  .tf-chart {
    --tf-text: #e6edf3; --tf-quiet: #9aa5b1; --tf-line: #3d444d;
    --tf-done: #3fbf93; --tf-failed: #ff8a5c; --tf-computing: #5aa9f5; --tf-waiting: #768390;
    --tf-gap: #262c36;
  }
}
@media (max-width: 40rem) {
  .tf-chart .tf-x span:nth-child(even) { display: none; }
  .tf-chart .tf-rows { grid-template-columns: 6.5rem minmax(0, 1fr); }
}
@media (forced-colors: active) { .tf-chart .tf-svg { forced-color-adjust: none; } }
""".strip()
