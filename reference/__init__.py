"""Every component of Problem Set 7 as it should be, and the frame that the notebook gives around them.

The text of each component is what stands in the solved notebook, so components use the notebook's globals; they are in
`settings`.
"""
