import adapter from '@sveltejs/adapter-static';

/** @type {import('@sveltejs/kit').Config} */
const config = {
  compilerOptions: {
    runes: ({ filename }) => (filename.includes('node_modules') ? undefined : true),
  },
  kit: {
    // A single-page app: every path is answered by index.html, as the desktop face serves it.
    adapter: adapter({ fallback: 'index.html' }),
    // One script and one stylesheet: read from the local disk, so there is nothing to gain by splitting.
    output: { bundleStrategy: 'single' },
    version: { pollInterval: 0 },
  },
};

export default config;
