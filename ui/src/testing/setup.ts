/** Before every test: a clean page in English. */
import { configure } from '@testing-library/svelte';
import { beforeEach } from 'vitest';
import { locale } from '$lib/i18n/i18n.svelte';

// A busy machine must not fail a test that only waits.
configure({
  asyncUtilTimeout: 8000,
  // The whole document on every failure would bury the reason.
  getElementError: (message) => new Error(message ?? 'not found'),
});

beforeEach(() => {
  localStorage.clear();
  locale.speak('en');
});
