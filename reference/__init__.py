"""The right version of every component of Problem Set 7, and the given code around them.

The text of each component is the text in the solved notebook, so components use the notebook's globals; they are in
`settings`.
"""
