import { difference, sameTensor, showTensor } from '../answer.js';
import { assert, type Check, Failure } from '../check.js';
import { DATATYPES, type Datatype, hasTypedContents } from '../datatype.js';
import { A_FEW, answered, type Ground, outputsFor, subjectsWhere } from '../ground.js';
import { extremeTensor } from '../sample.js';
import { section } from '../section.js';
import { rawRequest, type Subject, sampleInputs, typedRequest } from '../subject.js';
import { encodeBytes, type Tensor } from '../tensor.js';

const TENSOR_DATA = section('OIP gRPC', 'Tensor Data');
const DATA_TYPES = section('OIP gRPC', 'Tensor Data Types');

function takes(datatype: Datatype): (subject: Subject) => boolean {
  return ({ inputs }) => inputs.some((input) => input.datatype === datatype);
}

/** An echo's outputs are its inputs by place; their names are its own. */
async function assertEchoed(ground: Ground, subject: Subject, inputs: readonly Tensor[]): Promise<void> {
  const outputs = await outputsFor(ground, rawRequest(subject.name, inputs));
  for (const [at, input] of inputs.entries()) {
    const output = outputs[at];
    const same = output?.raw.equals(input.raw) === true && sameTensor(input, output);
    assert(same, `${showTensor(input)} back from ${subject.name}`, output === undefined ? 'nothing' : showTensor(output));
  }
}

/** Raw contents are taken, and where a model only passes them on no bit changes. */
function rawCheck(datatype: Datatype): Check {
  return {
    id: `data.raw.${datatype}`,
    title: `Raw ${datatype} contents are accepted, and every bit of them is kept`,
    level: datatype === 'BF16' ? 'triton' : 'must',
    section: DATA_TYPES,
    run: async (ground) => {
      for (const subject of subjectsWhere(ground, takes(datatype), `has a ${datatype} input`)) {
        const inputs = sampleInputs(subject, { seed: ground.seed });
        await answered(ground, rawRequest(subject.name, inputs), `raw ${datatype}`);
        if (!subject.echo) continue;
        const extremes = inputs.map(({ name, datatype: type, shape }) => extremeTensor(name, type, shape));
        await assertEchoed(ground, subject, extremes);
      }
    },
  };
}

/** Typed contents are taken, and mean what the raw ones mean. */
function typedCheck(datatype: Datatype): Check {
  return {
    id: `data.typed.${datatype}`,
    title: `Typed ${datatype} contents are accepted, and mean the same as raw ones`,
    level: 'must',
    section: TENSOR_DATA,
    run: async (ground) => {
      const fit = (subject: Subject) => takes(datatype)(subject) && subject.inputs.every((input) => hasTypedContents(input.datatype));
      for (const subject of subjectsWhere(ground, fit, `has a ${datatype} input and typed contents for all inputs`)) {
        const spread = subject.echo ? 'wide' : 'mild';
        const inputs = sampleInputs(subject, { seed: ground.seed, spread });
        const typed = await outputsFor(ground, typedRequest(subject.name, inputs), `typed ${datatype}`);
        if (!subject.repeatable) continue;
        const differs = difference(typed, await outputsFor(ground, rawRequest(subject.name, inputs)));
        if (differs !== undefined) throw new Failure(`the same answer of ${subject.name} to raw and typed contents`, differs);
      }
    },
  };
}

/** BYTES elements that an echo must give back as they are. */
function bytesCheck(id: string, title: string, level: 'should' | 'triton', elements: readonly Buffer[]): Check {
  return {
    id,
    title,
    level,
    section: DATA_TYPES,
    run: async (ground) => {
      const fit = (subject: Subject) => subject.echo && subject.inputs.every((input) => input.datatype === 'BYTES');
      for (const subject of subjectsWhere(ground, fit, 'gives back BYTES').slice(0, A_FEW)) {
        const inputs = sampleInputs(subject, { seed: ground.seed }).map((input) => ({ ...input, raw: filled(input, elements) }));
        await assertEchoed(ground, subject, inputs);
      }
    },
  };
}

function filled({ shape }: Tensor, elements: readonly Buffer[]): Buffer {
  const count = shape.reduce((product, size) => product * size, 1);
  return encodeBytes(Array.from({ length: count }, (_, at) => elements[at % elements.length] ?? Buffer.alloc(0)));
}

export const DATA_CHECKS: readonly Check[] = [
  ...DATATYPES.map(rawCheck),
  ...DATATYPES.filter(hasTypedContents).map(typedCheck),
  bytesCheck('data.empty-bytes', 'A BYTES element may be empty', 'should', [Buffer.alloc(0)]),
  bytesCheck('data.any-bytes', 'A BYTES element may be any bytes, text or not', 'should', [
    Buffer.from([0xff, 0, 0xc3, 0x28]),
    Buffer.from([0x80, 0xed, 0xa0, 0x80]),
  ]),
  bytesCheck('data.long-bytes', 'A BYTES element may be 100 kB long', 'should', [Buffer.alloc(100_000, 'long ')]),
];
