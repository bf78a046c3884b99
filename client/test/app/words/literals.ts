/** Finds words for people that stand in code instead of in a catalogue. */
import { parse, type AST } from "svelte/compiler";

/** Attributes that a screen reader speaks, that a pointer shows, or that our own components show. */
const READ_ATTRIBUTES =
  /^(aria-(label|description|roledescription|valuetext|placeholder)|title|placeholder|alt|label|action|remedy|words)$/;
/** The name of the page is the same in every language. */
const OWN_NAME = /^swapmeet$/i;
const WORD = /\p{L}{2,}/u;
/** A string in code may be a key or a code; only two words in a row show that it is meant for people. */
const TWO_WORDS = /\p{L}{2,}[,.:;]? \p{L}{2,}/u;
/** A colour, a media query. */
const OF_CSS = /[[\]()]/;
/** Methods that take a selector of elements. */
const SELECTING = /^(closest|matches|querySelector|querySelectorAll)$/;

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** @param source a Svelte component */
export const literalsInComponent = (source: string): string[] => {
  const { fragment, instance, module } = parse(source, { modern: true });
  return [fragment, instance?.content, module?.content].flatMap((part) =>
    part ? literalsIn(part as unknown as Node) : [],
  );
};

/** @param source TypeScript */
export const literalsInModule = (source: string): string[] =>
  literalsInComponent(`<script lang="ts">\n${source}\n</script>`);

const literalsIn = (node: Node): string[] => {
  switch (node.type) {
    case "Text":
      return read((node as unknown as AST.Text).data);
    case "Attribute": {
      const { name, value } = node as unknown as AST.Attribute;
      const parts = value === true ? [] : [value].flat();
      return parts.flatMap((part) => {
        if (part.type === "ExpressionTag")
          return READ_ATTRIBUTES.test(name)
            ? readIn(part.expression as unknown as Node)
            : literalsIn(part.expression as unknown as Node);
        return READ_ATTRIBUTES.test(name) ? read(part.data) : [];
      });
    }
    case "ExpressionTag":
      return readIn(node["expression"] as Node);
    case "Literal":
      return typeof node["value"] === "string" ? sentence(node["value"]) : [];
    case "TemplateElement":
      return sentence((node["value"] as { cooked: string }).cooked);
    case "ImportDeclaration":
    case "NewExpression": // of an error, for those who read the console
    case "StyleDirective":
      return [];
    case "CallExpression":
      return SELECTING.test(nameOf(node["callee"] as Node)) ? [] : childrenOf(node).flatMap(literalsIn);
    default:
      return childrenOf(node).flatMap(literalsIn);
  }
};

/** The strings that a shown expression can be. */
const readIn = (expression: Node): string[] => {
  switch (expression.type) {
    case "Literal":
      return typeof expression["value"] === "string" ? read(expression["value"]) : [];
    case "TemplateLiteral":
      return childrenOf(expression).flatMap((child) =>
        child.type === "TemplateElement"
          ? read((child["value"] as { cooked: string }).cooked)
          : readIn(child),
      );
    case "ConditionalExpression":
      return [expression["consequent"], expression["alternate"]].flatMap((child) => readIn(child as Node));
    case "LogicalExpression":
      return [expression["left"], expression["right"]].flatMap((child) => readIn(child as Node));
    default:
      return literalsIn(expression);
  }
};

const read = (text: string): string[] =>
  WORD.test(text) && !OWN_NAME.test(text.trim()) ? [text.trim()] : [];
const sentence = (text: string): string[] => (TWO_WORDS.test(text) && !OF_CSS.test(text) ? [text] : []);

/** The name of a method that is called; "" for all else. */
const nameOf = (callee: Node): string => ((callee["property"] as Node | undefined)?.["name"] ?? "") as string;

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string";

const childrenOf = (node: Node): Node[] =>
  Object.entries(node).flatMap(([key, value]) => (key === "metadata" ? [] : [value].flat().filter(isNode)));
