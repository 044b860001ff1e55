// Secrets that a test's author makes.
import { apply } from './cluster.mjs';

/** Makes or changes a Secret with these texts. */
export const secret = (namespace, name, values) => apply({ kind: 'Secret', metadata: { name, namespace }, stringData: values });
