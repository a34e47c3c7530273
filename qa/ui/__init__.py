"""The chat page. Gradio is imported in this package only."""
