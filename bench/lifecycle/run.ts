import { fileURLToPath } from 'node:url';
import { runBench } from '../pipeline/bench.js';
import { FLIPPING } from './flips.js';
import { LOADING } from './loading.js';
import { MEMORY_RETURN } from './memory-return.js';
import { TEN_MODELS } from './ten-models.js';

/** What becomes of a server whose models come and go, measured and judged in one run (bench/README.md). */
await runBench({
  sections: [LOADING, FLIPPING, MEMORY_RETURN, TEN_MODELS],
  file: fileURLToPath(new URL('../lifecycle.json', import.meta.url)),
  minutes: 8,
});
