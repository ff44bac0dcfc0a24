/** Copying, with a word about it. */
import type { Backend } from '$lib/backend/backend';
import { reasonOf } from '$lib/backend/reason';
import type { Toasts } from '$lib/components/toasts.svelte';
import { t } from '$lib/i18n/i18n.svelte';

/** Puts `text` on the clipboard, and says that it did or why it could not. */
export async function copyText(backend: Backend, toasts: Toasts, text: string): Promise<void> {
  try {
    await backend.copyText(text);
    toasts.say(t('deploys:said.copied'));
  } catch (thrown) {
    toasts.say(t('common:error.copy_failed', { reason: reasonOf(thrown) }), 'danger');
  }
}
