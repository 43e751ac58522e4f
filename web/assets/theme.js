// Applies the theme the user has chosen before the first paint; without a choice the system decides.
// The console itself writes the key: see web/src/hooks/use_theme.rs.
try {
  const theme = localStorage.getItem('irongate.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing shows the system's theme.
}
