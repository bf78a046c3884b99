export function onPath(names: readonly string[]): string[];
export function starts(path: string): boolean;
export function aptInstall(name: string): void;
export function run(command: string, ...args: string[]): void;
