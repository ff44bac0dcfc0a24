/** Stopping a deploy under way, with a word about it. */
import type { Backend } from '$lib/backend/backend';
import { reasonOf } from '$lib/backend/reason';
import type { DeployId } from '$lib/bindings';
import type { Toasts } from '$lib/components/toasts.svelte';
import { t } from '$lib/i18n/i18n.svelte';

/** Asks for an end of `deploy`, and says that it was cancelled or why it could not be. */
export async function cancelDeploy(backend: Backend, toasts: Toasts, deploy: DeployId): Promise<void> {
  try {
    await backend.call('cancel_deploy', { deploy });
    toasts.say(t('deploys:said.cancelled'), 'idle');
  } catch (thrown) {
    toasts.say(reasonOf(thrown), 'danger');
  }
}
