/** The page's whole style; served by ourselves, so that the strict policy holds. */
export const DOCS_STYLE = `:root {
  color-scheme: light dark;
  --ground: #f7f8fa; --card: #ffffff; --ink: #17202e; --faint: #556070; --line: #dde2e9; --accent: #1f4fc0; --code: #eef1f6;
  --get: #0b6b45; --post: #1f4fc0; --put: #8a4b00; --delete: #a8212b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161d; --card: #1a202a; --ink: #e8ecf2; --faint: #a5b0bf; --line: #303a48; --accent: #8db3ff; --code: #232b37;
    --get: #6fd6a8; --post: #8db3ff; --put: #f0b26a; --delete: #ff9a9f;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1.5rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; display: grid; grid-template-columns: minmax(15rem, 20rem) minmax(0, 1fr); background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: var(--card); z-index: 1; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.5rem 1rem; border-right: 1px solid var(--line); background: var(--card); font-size: .85rem; }
nav .name { margin: 0 0 1rem .5rem; font-size: 1.15rem; font-weight: 650; }
nav .name span { color: var(--faint); font-weight: 400; }
nav h2 { margin: 1.25rem .5rem .25rem; font-size: .75rem; letter-spacing: .05em; text-transform: uppercase; color: var(--faint); }
nav ul { list-style: none; margin: 0; padding: 0; }
nav a { display: flex; gap: .5rem; align-items: baseline; padding: .25rem .5rem; border-radius: 6px; color: inherit; text-decoration: none; overflow-wrap: anywhere; }
nav a:hover { background: var(--code); }
main { padding: 2.5rem clamp(1rem, 4vw, 3.5rem) 6rem; max-width: 62rem; }
h1 { margin: 0 0 .5rem; font-size: 2rem; line-height: 1.2; letter-spacing: -.02em; }
section > h2 { margin: 3rem 0 .25rem; font-size: 1.35rem; }
article { margin: 1.25rem 0; padding: 1.25rem 1.5rem 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
article:target { border-color: var(--accent); }
h3 { margin: 0 0 .5rem; font-size: 1.05rem; }
h3 a { display: flex; gap: .75rem; align-items: baseline; color: inherit; text-decoration: none; }
h3 code { padding: 0; background: none; font-size: 1rem; }
h4 { margin: 1.25rem 0 .4rem; font-size: .85rem; color: var(--faint); }
p { margin: .4rem 0; }
.caller { color: var(--faint); font-size: .875rem; }
.method { flex: none; min-width: 3.6em; font: 650 .75rem/1.5 ui-monospace, Menlo, Consolas, monospace; }
.get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); } .delete { color: var(--delete); }
code, pre { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .875em; }
code { padding: .1em .3em; border-radius: 4px; background: var(--code); overflow-wrap: anywhere; }
pre { margin: 0; padding: 1rem; overflow-x: auto; border-radius: 8px; background: var(--code); line-height: 1.5; }
pre code { padding: 0; background: none; overflow-wrap: normal; }
.table { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; }
th, td { padding: .4rem .75rem .4rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); font-weight: 400; }
thead th { color: var(--faint); font-size: .75rem; }
tbody th { min-width: 9rem; }
td { overflow-wrap: anywhere; }
@media (max-width: 52rem) {
  body { display: block; }
  nav { position: static; height: auto; max-height: 45vh; border-right: 0; border-bottom: 1px solid var(--line); }
  article { padding: 1rem; }
}
`;
