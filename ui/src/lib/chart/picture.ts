/** Pictures that are saved. */

/** The bytes of a `data:` address in base 64. */
export function bytesOf(url: string): Uint8Array {
  return Uint8Array.from(atob(url.slice(url.indexOf(',') + 1)), (letter) => letter.charCodeAt(0));
}
