// Draws the diagrams of a page. Mermaid stands beside this file; only pages with a diagram load it.
const here = document.currentScript.src;
const diagrams = document.querySelectorAll("pre.mermaid");
if (diagrams.length) {
  const script = document.createElement("script");
  script.src = new URL("mermaid.min.js", here);
  script.onload = () => {
    const { theme } = document.body.dataset;
    const dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    mermaid.initialize({ startOnLoad: false, theme: dark ? "dark" : "default" });
    mermaid.run({ nodes: diagrams });
  };
  document.head.append(script);
}
