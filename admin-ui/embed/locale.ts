/** The language of the page, else of the browser; a page may say anything. */
export function pageLocale(): string {
  const { lang } = document.documentElement;
  return /^[a-z]{2,3}(-[a-z\d]{2,8})*$/i.test(lang) ? lang : navigator.language;
}
