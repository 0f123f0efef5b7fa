// Builds the console into web/dist. The server mounts that folder at /ui/ and answers every page path with index.html.
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vite';

/** Leaflet as it is published, for reports that the server makes and that open without a network. */
const reportAssets = {
  name: 'report-assets',
  generateBundle() {
    for (const file of ['leaflet.js', 'leaflet.css']) {
      const source = readFileSync(new URL(`node_modules/leaflet/dist/${file}`, import.meta.url));
      this.emitFile({ type: 'asset', fileName: `report/${file}`, source });
    }
  },
};

/** The fonts of what the server prints: posters of check-in points. */
const printFonts = {
  name: 'print-fonts',
  generateBundle() {
    for (const file of ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf']) {
      const source = readFileSync(new URL(`node_modules/dejavu-fonts-ttf/ttf/${file}`, import.meta.url));
      this.emitFile({ type: 'asset', fileName: `fonts/${file}`, source });
    }
  },
};

export default defineConfig({
  base: '/ui/',
  plugins: [reportAssets, printFonts],
  build: {
    target: 'es2022',
    // the strict CSP allows no inline script, so nothing may be inlined into the HTML
    modulePreload: { polyfill: false },
    license: { fileName: 'third-party-licenses.md' },
  },
  server: {
    proxy: { '/v1': { target: process.env.GEOENGAGE_URL ?? 'http://127.0.0.1:8000', ws: true } },
  },
});
