"""What decides a trained net's weights: the loop, the recipe, optimizers, schedules, augmentation."""
