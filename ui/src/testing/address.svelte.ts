/** Stands in for the address of the window in tests: what `goto` is told becomes the address. */

// The address is put as a whole and never changed: no part of it needs to be watched.
/* eslint-disable svelte/prefer-svelte-reactivity */

/** The address, put in the place of `page` of `$app/state`. */
export const address = $state({ url: new URL('http://localhost/') });

/** Every address gone to, and whether it was a page of history. */
export const visited: Array<{ path: string; replaced: boolean }> = [];

/** Opens an address, with nothing before it. */
export function openAt(path: string): void {
  address.url = new URL(path, 'http://localhost/');
  visited.length = 0;
}

/** Put in the place of `goto`. */
export async function gotoStandIn(path: string, options: { replaceState?: boolean } = {}): Promise<void> {
  visited.push({ path, replaced: options.replaceState ?? false });
  address.url = new URL(path, address.url);
}
