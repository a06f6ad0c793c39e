// Light, dark, or as the system has it.

const KEPT = "hemalens.theme";

export function applyTheme(theme = localStorage.getItem(KEPT) ?? "auto") {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(KEPT, theme);
  return theme;
}

/** Turn to the opposite of what is shown. */
export function switchTheme() {
  const shown = document.documentElement.dataset.theme;
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const isDark = shown === "dark" || (shown === "auto" && systemIsDark);
  return applyTheme(isDark ? "light" : "dark");
}
