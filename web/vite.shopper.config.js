// Builds the shopper page into web/dist/shopper, after the console (which empties web/dist).
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { build, defineConfig } from 'vite';

const root = fileURLToPath(new URL('shopper', import.meta.url));
const outDir = fileURLToPath(new URL('dist/shopper', import.meta.url));
const target = 'es2022';

/** The service worker, as one classic script that knows the names of the files just written. */
const worker = {
  name: 'worker',
  async writeBundle(_, bundle) {
    const hash = createHash('sha256');
    for (const name of Object.keys(bundle).sort()) hash.update(name).update(bundle[name].code ?? bundle[name].source);
    const files = Object.keys(bundle).filter((name) => name !== 'index.html');
    await build({
      configFile: false,
      root,
      publicDir: false,
      logLevel: 'warn',
      define: {
        SHELL: JSON.stringify(['/shopper/', ...files.map((name) => `/shopper/${name}`)]),
        VERSION: JSON.stringify(hash.digest('hex').slice(0, 12)),
      },
      build: {
        outDir,
        emptyOutDir: false,
        target,
        rollupOptions: { input: `${root}/sw.js`, output: { format: 'iife', entryFileNames: 'sw.js' } },
      },
    });
  },
};

export default defineConfig({
  root,
  base: '/shopper/',
  publicDir: false,
  plugins: [worker],
  build: {
    outDir,
    emptyOutDir: true,
    target,
    assetsInlineLimit: 0, // the strict CSP allows no data: address
    modulePreload: { polyfill: false },
  },
});
