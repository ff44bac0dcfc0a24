import { chooseBackend } from '$lib/backend/choose';

export const ssr = false;
export const prerender = false;

export async function load() {
  return { backend: await chooseBackend() };
}
