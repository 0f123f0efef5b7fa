import { page } from './vite.page.js';

export default page('shop');
