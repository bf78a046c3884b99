/** The shortest that a person can type to open the page at this URL: "share.example.org/swap". */
export const typedAddress = (url: string): string => {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`.replace(/\/$/, "");
};
