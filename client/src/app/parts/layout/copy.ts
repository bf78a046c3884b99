/** Puts text on the clipboard. On plain http there is no clipboard API; there a selected field still copies. */
export const copy = async (text: string, near: HTMLElement): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text, near);
  }
};

/** The field stands beside the button, because an open dialog forbids selections outside of it. */
const copySelected = (text: string, near: HTMLElement): boolean => {
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.className = "unseen";
  field.setAttribute("aria-hidden", "true");
  near.after(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  near.focus();
  return copied;
};
