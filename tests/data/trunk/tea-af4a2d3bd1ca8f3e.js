import { pour } from "./snippets/tea-4b1c7a2f9d3e8051/inline0.js"; export default pour;
