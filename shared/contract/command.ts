/** How the command line is called in a clone; whatever tells a person to run a command of ours begins with it. */
export const GENESIS = "npx genesis";
