// Builds the console into web/dist. The server mounts that folder at /ui/ and answers every page path with index.html.
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/ui/',
  build: {
    target: 'es2022',
    // the strict CSP allows no inline script, so nothing may be inlined into the HTML
    modulePreload: { polyfill: false },
    // the map engine with its editor is one piece
    chunkSizeWarningLimit: 700,
    license: { fileName: 'third-party-licenses.md' },
  },
  server: {
    proxy: { '/v1': { target: process.env.GEOENGAGE_URL ?? 'http://127.0.0.1:8000', ws: true } },
  },
});
