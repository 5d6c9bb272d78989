/** Names under which the module provides what is not a class of its own. */
export const CONFIG = Symbol("CONFIG");
export const POSTGRES = Symbol("POSTGRES");
