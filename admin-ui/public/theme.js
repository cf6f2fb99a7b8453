// Runs before the first paint, so that a chosen theme never flashes; a module would come too late. See src/theme.ts.
const chosen = localStorage.getItem("carillon-theme");
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
