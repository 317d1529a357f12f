"""The nets, one a file. `model.build` finds them by name; the class is `Net(num_classes)`."""
