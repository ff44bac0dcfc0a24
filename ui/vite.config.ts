import { sveltekit } from '@sveltejs/kit/vite';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  plugins: [sveltekit(), svelteTesting()],
  clearScreen: false,
  define: {
    // True in `vite dev`, in tests and in `--mode fixture`: the made-up fleet is then allowed where no desktop face is.
    __FIXTURE_ALLOWED__: JSON.stringify(mode !== 'production'),
  },
  build: {
    // The content policy allows fonts from 'self' alone, so nothing may become a data: address.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2048,
    target: 'es2022',
  },
  server: { port: 5173, strictPort: true },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    expect: { requireAssertions: true },
    setupFiles: ['src/testing/setup.ts'],
    restoreMocks: true,
    testTimeout: 30_000,
    env: { TZ: 'UTC' },
  },
}));
