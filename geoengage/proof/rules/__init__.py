"""What a proof is worked out from: measures of people, findings, what may be told, inputs, words. Pure."""
