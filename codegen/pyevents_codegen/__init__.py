"""The build-time toolchain: reads `schemas/`, judges it, and writes what the runtime imports.

Services do not install it; the extra `codegen` does. The stations of a contract, in order: `load` (files to values),
`view` (Avro payload to JSON Schema), `compose` (envelope and payload to message schema), `opening` (writer to reader),
`shape` and `render` (classes), `topicscript` (the broker's topics), `generate` (files).
"""
