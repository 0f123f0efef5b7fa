/**
 * Builds a page that works without a network (the shopper page, the till) into web/dist/NAME, after the console, which
 * empties web/dist.
 */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { build, defineConfig } from 'vite';

const target = 'es2022';

/** @param {string} name of its folder, of its path and of its folder in web/dist */
export function page(name) {
  const root = fileURLToPath(new URL(name, import.meta.url));
  const outDir = fileURLToPath(new URL(`dist/${name}`, import.meta.url));

  /** The service worker, as one classic script that knows the names of the files just written. */
  const worker = {
    name: 'worker',
    async writeBundle(_, bundle) {
      const hash = createHash('sha256');
      for (const file of Object.keys(bundle).sort()) hash.update(file).update(bundle[file].code ?? bundle[file].source);
      const files = Object.keys(bundle).filter((file) => file !== 'index.html');
      await build({
        configFile: false,
        root,
        publicDir: false,
        logLevel: 'warn',
        define: {
          SHELL: JSON.stringify([`/${name}/`, ...files.map((file) => `/${name}/${file}`)]),
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

  return defineConfig({
    root,
    base: `/${name}/`,
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
}
