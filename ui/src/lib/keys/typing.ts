/** What the focus stands on, as far as keys are concerned. */

/** Kinds of `<input>` that take no text: letters typed over them are free for the page. */
const WITHOUT_TEXT: ReadonlySet<string> = new Set([
  'button',
  'checkbox',
  'color',
  'file',
  'image',
  'radio',
  'range',
  'reset',
  'submit',
]);

/** Whether letters pressed here are text, or choose an option: then they are no shortcuts. */
export function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const editable = target.closest('[contenteditable]')?.getAttribute('contenteditable');
  if (editable !== undefined && editable !== null && editable !== 'false') return true;
  const field = target.closest('input, textarea, select');
  return field !== null && !(field instanceof HTMLInputElement && WITHOUT_TEXT.has(field.type));
}

/** Whether Enter presses what has the focus by itself. */
export function answersEnter(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('a, button, input, summary, [role^="menuitem"]') !== null;
}

/** The letter of a key: on a layout that writes no Latin letters, the one that stands there on a Latin one. */
export function latinKey({ key, code }: Pick<KeyboardEvent, 'key' | 'code'>): string {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  // Only letters of other scripts: a Latin layout of its own order means what it writes.
  return letter && /^\p{L}$/u.test(key) && !/^\p{Script=Latin}$/u.test(key) ? letter.toLowerCase() : key;
}
