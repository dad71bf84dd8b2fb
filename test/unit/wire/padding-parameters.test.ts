import { describe, expect, it } from '@jest/globals';
import { parseModelConfigText } from '../../../src/wire/model-config-text.js';
import { parsePadding } from '../../../src/wire/padding-parameters.js';
import { parameters } from '../../support/own-parameters.js';

const parse = (values: Readonly<Record<string, string>>) => parsePadding(parseModelConfigText(parameters(values)));

const INPUTS = "expected inputs as 'name[axis]=value', each once, with commas between them";
const OUTPUTS = "expected outputs as 'name[axis]', each once, with commas between them";

describe('parsePadding', () => {
  it('is nothing without parameters', () => {
    expect(parse({})).toBeUndefined();
  });

  it('reads inputs with axis and value, outputs and the mask', () => {
    expect(parse({ pad_inputs: 'tokens[0]=0, types[12]=-1.5e-3,mask[0] = +1', pad_outputs: ' hidden[1] ,y[0]', pad_mask: 'mask' })).toEqual(
      {
        inputs: new Map([
          ['tokens', { axis: 0, value: 0 }],
          ['types', { axis: 12, value: -0.0015 }],
          ['mask', { axis: 0, value: 1 }],
        ]),
        outputs: new Map([
          ['hidden', { axis: 1 }],
          ['y', { axis: 0 }],
        ]),
        mask: 'mask',
      },
    );
  });

  it('takes names as they are', () => {
    expect([...(parse({ pad_inputs: 'a/b:0[1][0]=7' })?.inputs ?? [])]).toEqual([['a/b:0[1]', { axis: 0, value: 7 }]]);
  });

  it.each(['', 'x', 'x[0]', 'x[]=0', 'x[-1]=0', 'x[100]=0', '[0]=0', 'x[0]=', 'x[0]=NaN', 'x[0]=0;', 'x[0]=0,', 'x[0]=0,x[1]=0'])(
    'refuses %p as inputs',
    (value) => {
      expect(() => parse({ pad_inputs: value })).toThrow(`parameter 'millrace.pad_inputs' is '${value}', ${INPUTS}`);
    },
  );

  it.each(['', 'y', 'y[0]=0', 'y[0],,z[0]', 'y[0],y[0]'])('refuses %p as outputs', (value) => {
    expect(() => parse({ pad_inputs: 'x[0]=0', pad_outputs: value })).toThrow(`parameter 'millrace.pad_outputs' is '${value}', ${OUTPUTS}`);
  });

  it.each([
    [{ pad_outputs: 'y[0]' }, "parameter 'millrace.pad_outputs' is 'y[0]', expected none without 'millrace.pad_inputs'"],
    [{ pad_mask: 'm' }, "parameter 'millrace.pad_mask' is 'm', expected none without 'millrace.pad_inputs'"],
    [{ pad_inputs: 'x[0]=0', pad_mask: 'm' }, "parameter 'millrace.pad_mask' is 'm', expected one of the inputs in 'millrace.pad_inputs'"],
    [{ pad_inputs: 'm[0]=0', pad_mask: 'm' }, "parameter 'millrace.pad_inputs' is 'm[0]=0', expected an input besides the mask"],
  ])('refuses %p', (values, problem) => {
    expect(() => parse(values)).toThrow(problem);
  });
});
