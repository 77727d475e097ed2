/** Once before all namespace tests, which run beside one another: the native parts that agents need. */
import { buildNative } from '../../bin/build-native.ts';

export const setup = buildNative;
