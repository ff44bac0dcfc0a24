/** Draws a component as it stands in the window. */
import { configure, render } from '@testing-library/svelte';
import type { Component } from 'svelte';
import { vi } from 'vitest';
import type { Backend } from '$lib/backend/backend';
import InWindow from './InWindow.svelte';

// A whole page is drawn and walked through by role: on a busy machine that takes seconds, and is no failure.
configure({ asyncUtilTimeout: 8000 });
vi.setConfig({ testTimeout: 30_000 });

/** Draws `shown` with `given`, with `backend` behind it. */
export function inWindow<Props extends Record<string, unknown>>(
  backend: Backend,
  shown: Component<Props>,
  given: Props,
): void {
  render(InWindow, { backend, shown: shown as Component<Record<string, unknown>>, given });
}
