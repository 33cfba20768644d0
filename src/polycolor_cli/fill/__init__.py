"""The main job: drawing -> coverage -> painted picture. ONNX Runtime runs the network; torch is never imported."""
