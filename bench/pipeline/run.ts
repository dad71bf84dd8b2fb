import { fileURLToPath } from 'node:url';
import { runBench } from './bench.js';
import { SECTIONS } from './sections.js';

/** The performance goals of the whole server, measured and judged in one run (bench/README.md). */
await runBench({ sections: SECTIONS, file: fileURLToPath(new URL('../results.json', import.meta.url)), minutes: 14 });
