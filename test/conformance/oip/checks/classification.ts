import { isClose, outputsOf } from '../answer.js';
import { assert, assertEqual, type Check, Skip } from '../check.js';
import { answered, anySubjects, type Ground, needExtension, outputsFor } from '../ground.js';
import { section } from '../section.js';
import { rawRequest, type Subject, sampleInputs } from '../subject.js';
import { decodeBytes, decodeNumbers, elementCount, type Tensor } from '../tensor.js';

const SECTION = section('Triton protocol', 'extension_classification.md');
const FORMAT = /^([^:]+):(\d+)(?::(.*))?$/s;

/** An output that has classes, and the model's own answer to a request. */
interface Classified {
  readonly subject: Subject;
  readonly output: Tensor;
  /** Of one row. */
  readonly classes: number;
  /** Undefined: the model has no rows. */
  readonly rows: number | undefined;
}

interface Class {
  readonly value: number;
  readonly index: number;
}

/** The first numeric output of at least two elements a row. */
async function findClassified(ground: Ground): Promise<Classified> {
  needExtension(ground, 'classification');
  for (const subject of anySubjects(ground)) {
    for (const output of await outputsFor(ground, requestOf(ground, subject))) {
      const rowShape = subject.batched ? output.shape.slice(1) : output.shape;
      const classes = elementCount(rowShape);
      const sortable = /^(FP32|FP64|U?INT\d+)$/.test(output.datatype);
      if (sortable && classes > 1) return { subject, output, classes, rows: subject.batched ? output.shape[0] : undefined };
    }
  }
  throw new Skip('no usable model with a numeric output of several elements a row');
}

function requestOf({ seed }: Ground, subject: Subject) {
  return rawRequest(subject.name, sampleInputs(subject, { seed, rows: subject.batched ? 2 : 1 }));
}

/** The output as `count` classifications. */
async function classify(ground: Ground, { subject, output }: Classified, count: number): Promise<Tensor> {
  const outputs = [{ name: output.name, parameters: { classification: { int64_param: String(count) } } }];
  const response = await answered(ground, { ...requestOf(ground, subject), outputs }, `classification ${count} of ${output.name}`);
  const [classified] = outputsOf(response);
  assert(classified !== undefined, `output ${output.name}`, 'no output');
  return classified;
}

function parseClasses({ raw }: Tensor): Class[] {
  return (decodeBytes(raw) ?? []).map((element) => {
    const match = FORMAT.exec(element.toString());
    assert(match !== null, '"value:index" or "value:index:label"', JSON.stringify(element.toString()));
    return { value: Number(match[1]), index: Number(match[2]) };
  });
}

function expectedShape(rows: number | undefined, count: number): number[] {
  return rows === undefined ? [count] : [rows, count];
}

export const CLASSIFICATION_CHECKS: readonly Check[] = [
  {
    id: 'classification.shape',
    title: 'A classified output is BYTES of shape [rows, count]',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const found = await findClassified(ground);
      const { datatype, shape } = await classify(ground, found, 2);
      assertEqual('datatype and shape', [datatype, shape], ['BYTES', expectedShape(found.rows, 2)]);
    },
  },
  {
    id: 'classification.values',
    title: 'Each classification is value:index or value:index:label, the value being the output at that index',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const found = await findClassified(ground);
      const values = decodeNumbers(found.output.datatype, found.output.raw);
      const classes = parseClasses(await classify(ground, found, 2));
      assertEqual('number of classifications', classes.length, 2 * (found.rows ?? 1));
      for (const [at, { value, index }] of classes.entries()) {
        const own = values[Math.floor(at / 2) * found.classes + index] ?? Number.NaN;
        assert(isClose(value, own), `${own} at index ${index}`, String(value));
      }
    },
  },
  {
    id: 'classification.order',
    title: 'Classifications are the highest values, highest first',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const found = await findClassified(ground);
      const values = decodeNumbers(found.output.datatype, found.output.raw);
      const classes = parseClasses(await classify(ground, found, 2));
      for (let row = 0; row < (found.rows ?? 1); row++) {
        const highest = values.slice(row * found.classes, (row + 1) * found.classes).sort((one, other) => other - one);
        for (const rank of [0, 1]) {
          const given = classes[row * 2 + rank]?.value ?? Number.NaN;
          assert(isClose(given, highest[rank] ?? Number.NaN), `${highest[rank] ?? ''} as number ${rank + 1} of row ${row}`, String(given));
        }
      }
    },
  },
  {
    id: 'classification.more-than-there-are',
    title: 'More classifications than there are elements are as many as there are, each once',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const found = await findClassified(ground);
      const classified = await classify(ground, found, found.classes + 5);
      assertEqual('shape', classified.shape, expectedShape(found.rows, found.classes));
      const indices = parseClasses(classified).slice(0, found.classes);
      assertEqual('distinct indices', new Set(indices.map(({ index }) => index)).size, found.classes);
    },
  },
];
