import './panel.css';
import { render } from 'preact';

const root = document.getElementById('root');
if (root) render(<p>Lipschitz Lens</p>, root);
