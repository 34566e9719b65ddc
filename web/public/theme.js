// Before the first paint: the theme that was chosen here last, else what the system prefers.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("cryoloom-theme");
  } catch {
    // storage may be forbidden; the system's preference stands
  }
  const dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
